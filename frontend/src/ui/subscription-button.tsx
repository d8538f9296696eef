import { useState } from "preact/hooks";
import { openSubscription } from "../lib/clerk";
import { t } from "../lib/i18n";
import { Button } from "./button";
import { toast } from "./toast";

type Props = {
	/** The plan was canceled. */
	canceled: () => void;
	children: string;
};

/** Opens Clerk's drawer in which one changes and cancels the plan. */
export function SubscriptionButton({ canceled, children }: Props) {
	const [busy, setBusy] = useState(false);
	const open = async () => {
		setBusy(true);
		await openSubscription(canceled).catch(() => toast(t("ui.signInDown"), { bad: true }));
		setBusy(false);
	};
	return (
		<Button busy={busy} onClick={open}>
			{children}
		</Button>
	);
}
