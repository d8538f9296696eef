import { answer, api } from "../../api/client";
import type { Booking } from "../../api/types";
import { t } from "../../lib/i18n";
import { paths } from "../../lib/paths";
import { AccountList } from "./account-list";
import { AccountPage } from "./account-page";
import { BookingRow } from "./booking-row";

/** The sessions of the signed-in user. */
export default function Bookings() {
	return (
		<AccountPage title={t("bookings.title")}>
			<AccountList<Booking>
				name="/api/account/bookings/"
				fetch={(query, signal) =>
					answer(api.GET("/api/account/bookings/", { params: { query }, ...(signal && { signal }) }))
				}
				empty={{ title: "bookings.none", text: "bookings.none.text", to: `${paths.products()}?product_type=service` }}
			>
				{(booking, change) => <BookingRow booking={booking} {...change} />}
			</AccountList>
		</AccountPage>
	);
}
