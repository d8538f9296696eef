// The pages of the account are one script: who sees one sees others, and each waits for few files.
export { default as Bookings } from "./bookings";
export { default as Dashboard } from "./dashboard";
export { default as Downloads } from "./downloads";
export { default as Profile } from "./profile";
export { default as Purchase } from "./purchase";
export { default as Purchases } from "./purchases";
export { default as Subscriptions } from "./subscriptions";
