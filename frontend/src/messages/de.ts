import catalog from "../../messages/de/catalog.json";
import checkout from "../../messages/de/checkout.json";
import home from "../../messages/de/home.json";
import shell from "../../messages/de/shell.json";

export default { ...shell, ...home, ...catalog, ...checkout };
