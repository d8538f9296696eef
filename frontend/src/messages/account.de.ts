import account from "../../messages/de/account.json";
import bookings from "../../messages/de/bookings.json";

export default { ...account, ...bookings };
