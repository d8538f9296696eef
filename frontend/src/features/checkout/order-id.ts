import { useLocation } from "preact-iso";

/** The order that the page's address names; empty when it names none. */
export function useOrderId(): string {
	return useLocation().query["order"] ?? "";
}
