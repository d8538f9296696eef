// Asks a Backend API with Clerk's own library. It reads {"api", "key", "token", "party", "user", "session", "webhook": {"secret", "headers",
// "body"}} and writes what the library makes of the answers.
import fs from "node:fs";
import { createClerkClient, verifyToken } from "@clerk/backend";
import { verifyWebhook } from "@clerk/backend/webhooks";

const ask = JSON.parse(fs.readFileSync(0, "utf8"));
const options = { secretKey: ask.key, apiUrl: ask.api };
const clerk = createClerkClient(options);

// fails is the code of the error that a call ends with.
async function fails(call) {
  try {
    await call();
    return "";
  } catch (e) {
    return e.errors?.[0]?.code ?? e.reason ?? e.message;
  }
}

const claims = await verifyToken(ask.token, { ...options, authorizedParties: [ask.party] });
const user = await clerk.users.getUser(ask.user);
const subscription = await clerk.billing.getUserBillingSubscription(ask.user);
const plans = await clerk.billing.getPlanList({ payerType: "user", limit: 100 });
const users = await clerk.users.getUserList({ emailAddress: [user.primaryEmailAddress.emailAddress] });
const sessions = await clerk.sessions.getSessionList({ userId: ask.user });
const revoked = await clerk.sessions.revokeSession(ask.session);
const left = await clerk.sessions.getSessionList({ userId: ask.user });
const request = new Request("https://shop.example.test/", { method: "POST", headers: ask.webhook.headers, body: ask.webhook.body });
const event = await verifyWebhook(request, { signingSecret: ask.webhook.secret });
const forged = new Request("https://shop.example.test/", { method: "POST", headers: ask.webhook.headers, body: ask.webhook.body + " " });

fs.writeFileSync(1, JSON.stringify({
  claims: [claims.sub, claims.sid, claims.azp, claims.pla, claims.fea, claims.sts],
  user: [user.id, user.primaryEmailAddress.emailAddress, user.firstName, user.imageUrl, String(user.createdAt > 0)],
  users: users.data.map((u) => u.id),
  subscription: [subscription.status, subscription.payerId.split("_")[0], ...subscription.subscriptionItems.map((it) => `${it.plan.slug} ${it.planPeriod} ${it.status} ${it.amount?.amount}`),
    `next ${subscription.nextPayment?.amount.amount}`],
  plans: plans.data.map((p) => `${p.slug} ${p.fee?.amount} ${p.annualFee?.amount} ${p.freeTrialDays} ${p.features.map((f) => f.slug)}`),
  sessions: [...sessions.data.map((s) => `${s.id} ${s.status}`), `${revoked.id} ${revoked.status}`, `${left.totalCount} left`],
  event: [event.type, event.data.id],
  errors: [
    await fails(() => verifyToken(ask.token.slice(0, -8) + "AAAAAAAA", options)),
    await fails(() => verifyToken(ask.token, { ...options, authorizedParties: ["https://other.example.test"] })),
    await fails(() => clerk.users.getUser("user_none")),
    await fails(() => clerk.sessions.revokeSession(ask.session)),
    await fails(() => createClerkClient({ ...options, secretKey: "sk_test_other" }).users.getUser(ask.user)),
    (await fails(() => verifyWebhook(forged, { signingSecret: ask.webhook.secret }))) ? "forged" : "",
  ],
}));
