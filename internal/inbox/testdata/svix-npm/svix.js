// Signs and verifies with Svix's own library. It reads a JSON array of tasks and writes a JSON array of answers:
//   {"sign": SECRET, "id", "seconds", "body" (base64)}                 the signature
//   {"verify": [SECRETS], "now_ms", "headers": {}, "body" (base64)}    true if one of the secrets verifies it
"use strict";
const fs = require("node:fs");
const { Webhook, WebhookVerificationError } = require("svix");

function verifies(secret, headers, body) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (e) {
    if (e instanceof SyntaxError) return true; // verified, and then not JSON
    if (e instanceof WebhookVerificationError) return false;
    if (/^Base64Coder:/.test(e.message)) return false; // not a secret for this library
    throw e;
  }
}

const answers = JSON.parse(fs.readFileSync(0, "utf8")).map((task) => {
  const body = Buffer.from(task.body, "base64");
  if (task.sign) return new Webhook(task.sign).sign(task.id, new Date(task.seconds * 1000), body);
  Date.now = () => task.now_ms;
  return task.verify.some((secret) => verifies(secret, task.headers, body));
});
fs.writeFileSync(1, JSON.stringify(answers));
