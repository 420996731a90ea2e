/** Of the API: the page is served below it, as `dashboard/`, wherever a proxy may have put both. */
export const apiAddress = (path: string): string => new URL(`../${path}`, document.baseURI).href;
