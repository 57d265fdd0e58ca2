// The documentation of a service's API. Nothing is tried out here: pages have no token to try it with.
const place = document.getElementById("api");
SwaggerUIBundle({
  url: place.dataset.api,
  domNode: place,
  supportedSubmitMethods: [],
  defaultModelsExpandDepth: -1,
  docExpansion: "list",
  syntaxHighlight: { activated: false },
  validatorUrl: null,
});
