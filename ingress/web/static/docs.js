/** Swagger UI on /openapi.json, which may need the key. */

import { base } from "./api.js";
import { byId } from "./elements.js";
import { authorization, storeKey } from "./key.js";

async function show() {
  const answer = await fetch(new URL("openapi.json", base), { headers: authorization() });
  byId("docs-key").hidden = answer.status !== 401;
  byId("docs-error").textContent = answer.ok ? "" : (await answer.json()).error.message;
  if (!answer.ok) return;
  SwaggerUIBundle({
    spec: await answer.json(),
    dom_id: "#reference",
    deepLinking: true,
    validatorUrl: null, // it would send the document to another host
    requestInterceptor: (request) => {
      request.headers = { ...authorization(), ...request.headers };
      return request;
    },
  });
}

byId("docs-key").addEventListener("submit", (event) => {
  event.preventDefault();
  storeKey(byId("docs-key-input").value.trim());
  show();
});
show();
