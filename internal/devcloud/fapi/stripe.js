// This takes the place of https://js.stripe.com/v3 in development: the form of Clerk's checkout in which a card is typed. It knows
// only Stripe's test cards, whose tokens it gives to Clerk's stand-in, and sends nothing anywhere.
(() => {
  const cards = {
    4242424242424242: { token: "pm_card_visa", brand: "Visa" },
    5555555555554444: { token: "pm_card_mastercard", brand: "Mastercard" },
    378282246310005: { token: "pm_card_amex", brand: "American Express", code: 4 },
    4000000000000002: { token: "pm_card_chargeDeclined", brand: "Visa" },
    4000000000000341: { token: "pm_card_chargeCustomerFail", brand: "Visa" },
  };

  const digits = (text) => text.replace(/\D/g, "");

  // wrong says why a card cannot be taken, field by field.
  function wrong(number, end, code) {
    const found = {};
    const card = cards[number];
    if (number.length < 13) found.number = "The card number is incomplete.";
    else if (!card) found.number = "This is not a test card. Real cards are for production only.";
    const month = Number(end.slice(0, 2));
    const year = 2000 + Number(end.slice(2));
    if (end.length < 4) found.end = "The expiration date is incomplete.";
    else if (month < 1 || month > 12) found.end = "There is no such month.";
    else if (new Date(year, month) <= new Date()) found.end = "The card has expired.";
    if (code.length < (card?.code ?? 3)) found.code = "The security code is incomplete.";
    return found;
  }

  let forms = 0;

  // Form is the payment element: three fields, what is wrong with them, and a way to fill them.
  class Form {
    constructor(look) {
      this.look = look ?? {};
      this.id = `stripe-stand-in-${++forms}`;
      this.listeners = new Map();
      this.ready = false;
      this.fields = {};
    }

    mount(where) {
      const place = typeof where === "string" ? document.querySelector(where) : where;
      this.root = document.createElement("div");
      this.style(this.root, { display: "grid", gridTemplateColumns: "1fr 1fr", gap: "12px", textAlign: "start" });
      this.field("number", "Card number", "1234 1234 1234 1234", 19, spaced).style.gridColumn = "1 / -1";
      this.field("end", "Expiration date (MM/YY)", "MM / YY", 7, dated);
      this.field("code", "Security code", "CVC", 4, digits);
      this.hint();
      place.replaceChildren(this.root);
      // Clerk listens only after it has mounted the element.
      setTimeout(() => {
        this.ready = true;
        this.emit("ready");
      });
    }

    style(element, style) {
      Object.assign(element.style, style);
    }

    field(name, label, example, length, tidy) {
      const look = this.look;
      const box = document.createElement("div");
      const text = document.createElement("label");
      const input = document.createElement("input");
      const error = document.createElement("p");
      text.textContent = label;
      text.htmlFor = input.id = `${this.id}-${name}`;
      error.id = `${input.id}-error`;
      error.hidden = true;
      error.setAttribute("role", "alert");
      Object.assign(input, { type: "text", inputMode: "numeric", autocomplete: "off", placeholder: example, maxLength: length });
      this.style(text, { display: "block", marginBottom: "4px", color: look.colorText, fontSize: "13px", fontWeight: look.fontWeightMedium ?? "500" });
      this.style(input, {
        boxSizing: "border-box", width: "100%", minHeight: "36px", padding: "6px 10px", font: "inherit", fontSize: "14px", color: look.colorText ?? "inherit",
        background: look.colorBackground ?? "transparent", border: `1px solid ${look.colorTextSecondary ?? "GrayText"}`, borderRadius: look.borderRadius ?? "6px",
      });
      this.style(error, { margin: "4px 0 0", fontSize: "13px", color: look.colorDanger ?? "#c00" });
      input.addEventListener("input", () => {
        if (input.selectionStart === input.value.length) input.value = tidy(input.value);
        this.say(name, "");
        const card = this.card();
        this.emit("change", { elementType: "payment", complete: Object.keys(wrong(card.number, card.end, card.code)).length === 0, empty: !card.number, value: { type: "card" } });
      });
      input.addEventListener("blur", () => {
        const card = this.card();
        if (input.value) this.say(name, wrong(card.number, card.end, card.code)[name] ?? "");
      });
      box.append(text, input, error);
      this.fields[name] = { input, error };
      this.root.append(box);
      return box;
    }

    hint() {
      const line = document.createElement("p");
      const button = document.createElement("button");
      this.style(line, { gridColumn: "1 / -1", margin: "0", fontSize: "13px", lineHeight: "1.5", color: this.look.colorTextSecondary ?? "inherit" });
      this.style(button, { font: "inherit", color: "inherit", background: "none", border: "0", padding: "0", minHeight: "24px", textDecoration: "underline", cursor: "pointer" });
      button.type = "button";
      button.textContent = "Fill in a test card";
      button.addEventListener("click", () => {
        const values = { number: spaced("4242424242424242"), end: "12 / 44", code: "123" };
        for (const [name, value] of Object.entries(values)) {
          this.fields[name].input.value = value;
          this.say(name, "");
        }
      });
      const number = (text) => {
        const part = document.createElement("span");
        this.style(part, { whiteSpace: "nowrap", color: this.look.colorText ?? "inherit" });
        part.textContent = spaced(text);
        return part;
      };
      line.append(
        "Development: no money moves. ", number("4242424242424242"), " pays, ", number("4000000000000002"), " is declined, ",
        number("4000000000000341"), " pays now and fails at renewal. ", button,
      );
      this.root.append(line);
    }

    say(name, message) {
      const { input, error } = this.fields[name];
      error.textContent = message;
      error.hidden = !message;
      input.toggleAttribute("aria-invalid", Boolean(message));
      if (message) {
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", error.id);
      } else {
        input.removeAttribute("aria-describedby");
      }
    }

    card() {
      const value = (name) => digits(this.fields[name].input.value);
      return { number: value("number"), end: value("end"), code: value("code") };
    }

    // check shows what is wrong with the card, and gives its token when nothing is.
    check() {
      const { number, end, code } = this.card();
      const found = wrong(number, end, code);
      for (const name of Object.keys(this.fields)) this.say(name, found[name] ?? "");
      const [first] = Object.keys(found);
      if (!first) return { token: `${cards[number].token}.${end}` };
      this.fields[first].input.focus();
      return { error: { type: "validation_error", code: `invalid_${first}`, message: found[first] } };
    }

    on(event, listener) {
      this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
      if (event === "ready" && this.ready) setTimeout(listener);
      return this;
    }

    off(event, listener) {
      this.listeners.get(event)?.delete(listener);
      return this;
    }

    emit(event, detail) {
      for (const listener of this.listeners.get(event) ?? []) listener(detail);
    }

    focus() {
      this.fields.number?.input.focus();
    }

    update() {}

    unmount() {
      this.root?.remove();
    }

    destroy() {
      this.unmount();
      this.listeners.clear();
    }
  }

  function spaced(text) {
    const number = digits(text).slice(0, 16);
    const ends = /^3[47]/.test(number) ? [4, 10, 15] : [4, 8, 12, 16];
    return ends.map((end, n) => number.slice(n ? ends[n - 1] : 0, end)).filter(Boolean).join(" ");
  }

  function dated(text) {
    let end = digits(text).slice(0, 4);
    if (/^[2-9]/.test(end)) end = `0${end}`.slice(0, 4);
    return end.length > 2 ? `${end.slice(0, 2)} / ${end.slice(2)}` : end;
  }

  class Elements {
    constructor(options) {
      this.options = options ?? {};
    }

    create(type) {
      if (type !== "payment") throw new Error(`The stand-in for Stripe has no element ${type}.`);
      this.form = new Form(this.options.appearance?.variables);
      return this.form;
    }

    getElement() {
      return this.form ?? null;
    }

    update(options) {
      Object.assign(this.options, options);
    }

    async submit() {
      const { error } = this.form.check();
      return error ? { error } : { selectedPaymentMethod: "card" };
    }
  }

  const missing = async () => ({ error: { type: "api_error", message: "The stand-in for Stripe only keeps cards." } });

  window.Stripe = () => ({
    elements: (options) => new Elements(options),
    confirmSetup: async ({ elements }) => {
      const { token, error } = elements.form.check();
      if (error) return { error };
      const id = String(elements.options.clientSecret ?? "seti_dev").split("_secret_")[0];
      return { setupIntent: { id, object: "setup_intent", status: "succeeded", payment_method: token } };
    },
    createToken: missing,
    createPaymentMethod: missing,
    confirmCardPayment: missing,
  });
})();
