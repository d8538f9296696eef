import { render } from "preact";
import { App } from "./app/app";
import { noteEarly } from "./app/early";
import { preloadPage } from "./app/routes";
import { loadTexts } from "./lib/i18n";
import { apply } from "./lib/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/shell.css";

const root = document.getElementById("app") as HTMLElement;
apply();
// What the server drew stays until all that is needed to draw the same is here.
await Promise.all([loadTexts(), root.childElementCount > 0 && preloadPage(location.pathname)]);
const doAgain = noteEarly(root);
render(<App />, root);
await doAgain();
