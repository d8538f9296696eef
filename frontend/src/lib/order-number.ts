/** The beginning of an order's id, which is enough to tell it apart when people speak of it. */
export const orderNumber = (publicId: string) => publicId.slice(0, 8).toUpperCase();
