import catalog from "../../messages/en/catalog.json";
import checkout from "../../messages/en/checkout.json";
import home from "../../messages/en/home.json";
import shell from "../../messages/en/shell.json";

export default { ...shell, ...home, ...catalog, ...checkout };
