package api

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"souk/internal/httpx"
	"souk/internal/money"
	"souk/internal/order"
)

// maxExport is how many orders a table has.
const maxExport = 20_000

var csvNames = []string{
	"public_id", "status", "provider", "created_at", "paid_at", "fulfilled_at", "canceled_at", "refunded_at", "buyer_name", "buyer_email", "items",
	"units", "refunded_units", "currency", "subtotal", "tax", "total", "refunded", "external_reference", "notes",
}

func csvRow(s order.Sale) []string {
	amount := func(cents int64) string { return money.Format(cents, s.Currency) }
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return moment(*t).Format(time.RFC3339)
	}
	var items []string
	var units, refunded int64
	for _, i := range s.Items {
		items = append(items, fmt.Sprintf("%d × %s (%s)", i.Quantity, i.ProductName, i.PriceName))
		units, refunded = units+i.Quantity, refunded+i.RefundedQuantity
	}
	return []string{
		s.PublicID, string(s.Status), s.Provider, at(&s.CreatedAt), at(s.PaidAt), at(s.FulfilledAt), at(s.CanceledAt), at(s.RefundedAt), s.BuyerName,
		s.BuyerEmail, strings.Join(items, "; "), fmt.Sprint(units), fmt.Sprint(refunded), s.Currency, amount(s.SubtotalCents), amount(s.TaxCents),
		amount(s.TotalCents), amount(s.RefundedCents), s.ExternalReference, s.Notes,
	}
}

// exportSellerOrders answers with a table. It reads and sends portion by portion; if that fails on the way, the answer breaks off.
func (a *API) exportSellerOrders(ctx context.Context, in *sellerOrdersIn) (*written, error) {
	query := in.query()
	query.Set("format", "csv")
	list, before := sellerOrdersPath+"?"+query.Encode(), int64(math.MaxInt64)
	if _, err := a.Cursors.Read(list, in.Cursor, &before); err != nil {
		return nil, err
	}
	export, err := a.Orders.Export(ctx, caller(ctx).Profile.ID, in.filter(), before, maxExport)
	if err != nil {
		return nil, err
	}
	sales, err := export.Next(ctx)
	if err != nil {
		return nil, err
	}
	name, link := "orders-"+a.Now().UTC().Format(time.DateOnly), ""
	if export.Rest > 0 {
		link = httpx.NextLink(sellerOrdersPath, query, in.Limit, a.Cursors.Write(list, export.Rest))
	}
	if export.Rest > 0 || in.Cursor != "" {
		name += "-part"
	}
	return &written{Link: link, Body: func(out huma.Context) {
		table := httpx.NewCSV(out.BodyWriter().(http.ResponseWriter), name+".csv", csvNames...)
		for len(sales) > 0 && err == nil {
			for _, s := range sales {
				table.Row(csvRow(s)...)
			}
			if err = table.Flush(); err == nil {
				sales, err = export.Next(ctx)
			}
		}
		if err == nil {
			err = table.Flush()
		}
		if err != nil {
			slog.WarnContext(ctx, "export broken off", "error", err)
			table.Break()
		}
	}}, nil
}
