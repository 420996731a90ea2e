// Shows what control says of its own API. The token, where there is one, is the dashboard's.
const kept = sessionStorage.getItem('cutover-token');

SwaggerUIBundle({
  url: new URL('../../openapi.json', document.baseURI).href,
  dom_id: '#viewer',
  deepLinking: true,
  // Of others' servers nothing is asked: no validator, no links out of this origin.
  validatorUrl: null,
  requestInterceptor(request) {
    if (kept !== null && request.headers.Authorization === undefined) {
      request.headers.Authorization = `Bearer ${kept}`;
    }
    return request;
  },
});
