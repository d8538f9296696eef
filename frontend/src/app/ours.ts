/** Addresses that are pages of this app; links to others, such as the way to a payment, are left to the browser. */
export const ours =
	/^(?!(https?:\/\/[^/]+)?\/((api|covers|social|__[a-z]+)(\/|$)|checkout\/(?!(success|cancel)([?#]|$))))/;
