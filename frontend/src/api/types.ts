// Short names for the API's structs. `npm run api` makes the generated file from internal/api/openapi.json.
import type { components } from "./__generated__/schema";

type Schemas = components["schemas"];

export type Product = Schemas["ProductOut"];
export type Me = Schemas["MeOut"];
export type Subscription = Schemas["SubscriptionOut"];
export type Entitlement = Schemas["EntitlementOut"];
export type ProductDetail = Schemas["ProductDetail"];
export type Order = Schemas["OrderOut"];
export type OrderCreated = Schemas["OrderCreatedOut"];
export type Checkout = Schemas["CheckoutStateOut"];
export type Download = Schemas["DownloadOut"];
export type Booking = Schemas["BookingOut"];
export type Purchase = Schemas["PurchaseOut"];
