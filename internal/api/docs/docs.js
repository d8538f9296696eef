// Shows openapi.json, and lets one try a call. Text from the document and from answers is only ever set as text.
'use strict';

const methods = ['get', 'post', 'put', 'patch', 'delete'];
let doc;

function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) e.setAttribute(key, value);
  e.append(...children.filter((c) => c !== undefined && c !== ''));
  return e;
}

function resolve(node) {
  while (node && node.$ref) node = node.$ref.slice(2).split('/').reduce((at, part) => at[part], doc);
  return node;
}

function typeOf(schema) {
  const s = resolve(schema) || {};
  const types = [].concat(s.type || 'any');
  let text = types.map((t) => (t === 'array' ? `list of ${typeOf(s.items)}` : t)).join(' or ');
  if (s.enum) text = s.enum.map((v) => JSON.stringify(v)).join(' | ');
  if (s.format && !['int64', 'int32'].includes(s.format)) text += ` (${s.format})`;
  return text;
}

function limits(schema) {
  const s = resolve(schema) || {};
  const said = [];
  if (s.minimum !== undefined || s.maximum !== undefined) said.push(`${s.minimum ?? '…'} to ${s.maximum ?? '…'}`);
  if (s.minLength || s.maxLength) said.push(`${s.minLength ?? 0} to ${s.maxLength ?? '…'} characters`);
  if (s.maxItems) said.push(`at most ${s.maxItems}`);
  if (s.default !== undefined) said.push(`default ${JSON.stringify(s.default)}`);
  return said.join(', ');
}

function table(heads, rows) {
  return element('div', { class: 'wide' }, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((h) => element('th', { scope: 'col' }, h)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell)))))));
}

function fields(schema) {
  const s = resolve(schema) || {};
  const of = s.type === 'array' ? resolve(s.items) : s;
  const rows = Object.entries(of.properties || {}).filter(([, p]) => !p.readOnly).map(([name, p]) => [
    name + ((of.required || []).includes(name) ? ' *' : ''), typeOf(p), [resolve(p)?.description || p.description, limits(p)].filter(Boolean).join(' — '),
  ]);
  return rows.length ? [table(['field', 'type', 'meaning'], rows)] : [];
}

function code(value) {
  return element('pre', { tabindex: '0' }, JSON.stringify(value, null, 2));
}

function operation(path, method, op) {
  const inner = element('div', { class: 'body' });
  const node = element('details', { class: 'op', id: op.operationId },
    element('summary', {}, element('span', { class: `method ${method}` }, method.toUpperCase()), element('span', { class: 'path' }, path),
      element('span', { class: 'what' }, op.summary)), inner);
  node.addEventListener('toggle', () => {
    if (node.open && !inner.firstChild) inner.append(...describe(path, method, op));
  });
  return node;
}

function describe(path, method, op) {
  const parts = [];
  if (op.description) parts.push(element('p', {}, op.description));
  parts.push(element('p', { class: 'soft' }, op.security?.length ? 'For signed-in users.' : 'For anybody.'));
  const parameters = (op.parameters || []).map(resolve);
  if (parameters.length) {
    parts.push(element('h3', {}, 'Parameters'), table(['name', 'in', 'type', 'meaning'], parameters.map((p) => [
      p.name + (p.required ? ' *' : ''), p.in, typeOf(p.schema), [p.description, limits(p.schema)].filter(Boolean).join(' — '),
    ])));
  }
  const body = op.requestBody?.content?.['application/json'];
  if (body) parts.push(element('h3', {}, 'Body'), ...fields(body.schema));
  for (const [status, raw] of Object.entries(op.responses)) {
    const response = resolve(raw);
    const json = response.content?.['application/json'];
    if (status >= '300' || !json) continue;
    parts.push(element('h3', {}, `Answer ${status}`), ...fields(json.schema));
    if (json.example !== undefined) parts.push(element('h3', {}, 'Example'), code(json.example));
  }
  const errors = Object.entries(op.responses).filter(([status]) => status >= '400');
  if (errors.length) {
    parts.push(element('h3', {}, 'Errors'), table(['status', 'meaning', 'such as'], errors.map(([status, raw]) => {
      const response = resolve(raw);
      return [status, response.description || '', response.content?.['application/problem+json']?.example?.detail || ''];
    })));
  }
  parts.push(...attempt(path, method, op, parameters, body));
  return parts;
}

// attempt is the form that sends the call to this very server.
function attempt(path, method, op, parameters, body) {
  const form = element('form', {}, element('h3', {}, 'Try it'));
  const inputs = [];
  for (const p of parameters) {
    const id = `${op.operationId}-${p.name}`;
    const input = element('input', { id, autocomplete: 'off', spellcheck: 'false' });
    if (p.required) input.required = true;
    form.append(element('label', { for: id }, `${p.name} (${p.in})`), input);
    inputs.push([p, input]);
  }
  let text;
  if (body) {
    text = element('textarea', { id: `${op.operationId}-body`, spellcheck: 'false' });
    text.value = JSON.stringify(body.example ?? {}, null, 2);
    form.append(element('label', { for: text.id }, 'Body'), text);
  }
  const send = element('button', { type: 'submit' }, 'Send');
  const answer = element('div', { role: 'status' });
  form.append(send, answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      answer.replaceChildren(...await call(path, method, inputs, text));
    } catch (error) {
      answer.replaceChildren(element('p', {}, `The server did not answer: ${error.message}`));
    } finally {
      send.disabled = false;
    }
  });
  return [form];
}

async function call(path, method, inputs, text) {
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const [p, input] of inputs) {
    if (input.value === '') continue;
    if (p.in === 'path') path = path.replace(`{${p.name}}`, encodeURIComponent(input.value));
    if (p.in === 'query') query.set(p.name, input.value);
    if (p.in === 'header') headers.set(p.name, input.value);
  }
  const token = document.getElementById('token').value.trim();
  if (token) headers.set('Authorization', `Bearer ${token}`);
  if (text) headers.set('Content-Type', 'application/json');
  const address = query.size ? `${path}?${query}` : path;
  const response = await fetch(address, { method: method.toUpperCase(), headers, body: text ? text.value : undefined, credentials: 'omit' });
  let shown = await response.text();
  try { shown = JSON.stringify(JSON.parse(shown), null, 2); } catch { /* not JSON: as it came */ }
  const parts = [element('p', {}, element('strong', {}, `${response.status} ${response.statusText}`))];
  const link = response.headers.get('Link');
  if (link) parts.push(element('p', { class: 'soft' }, `Link: ${link}`));
  if (shown) parts.push(element('pre', { tabindex: '0' }, shown));
  return parts;
}

function openFromHash() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node?.tagName === 'DETAILS') {
    node.open = true;
    node.scrollIntoView();
  }
}

function show() {
  document.getElementById('version').textContent = doc.info.version;
  document.getElementById('description').textContent = doc.info.description;
  const main = document.getElementById('operations');
  const index = document.getElementById('index');
  main.replaceChildren();
  const entries = [];
  for (const tag of doc.tags) {
    const list = element('ul', {});
    const section = element('section', {}, element('h2', {}, tag.name), element('p', { class: 'soft' }, tag.description));
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const method of methods.filter((m) => item[m]?.tags?.includes(tag.name))) {
        const op = item[method];
        const node = operation(path, method, op);
        const entry = element('li', {}, element('a', { href: `#${op.operationId}` }, op.summary));
        list.append(entry);
        section.append(node);
        entries.push([`${method} ${path} ${op.summary} ${op.operationId}`.toLowerCase(), node, entry]);
      }
    }
    if (list.firstChild) {
      main.append(section);
      index.append(element('h2', {}, tag.name), list);
    }
  }
  document.getElementById('filter').addEventListener('input', (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const [text, node, entry] of entries) node.hidden = entry.hidden = !words.every((w) => text.includes(w));
  });
  window.addEventListener('hashchange', openFromHash);
  openFromHash();
}

fetch('../openapi.json').then((response) => {
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.json();
}).then((d) => { doc = d; show(); }).catch((error) => {
  document.getElementById('state').textContent = `The document could not be loaded (${error.message}). Reload the page to try again.`;
});
