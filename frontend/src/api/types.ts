// Short names for the API's structs. `npm run api` makes the generated file from internal/api/openapi.json, and `npm run check` runs it.
import type { components } from "./__generated__/schema";

type Schemas = components["schemas"];

export type Product = Schemas["ProductOut"];
export type Me = Schemas["MeOut"];
export type Subscription = Schemas["SubscriptionOut"];
export type Entitlement = Schemas["EntitlementOut"];
