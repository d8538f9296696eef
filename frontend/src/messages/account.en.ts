import account from "../../messages/en/account.json";
import bookings from "../../messages/en/bookings.json";

export default { ...account, ...bookings };
