/** A client's own URLs, as far as a page may use them: never `javascript:`, `data:` or anything else that runs or hides. */
export function createSafeLinks(origin: string) {
  return {
    /** An http(s) URL in its normal form, for `href`. */
    webLink(uri: string | undefined): string | undefined {
      const url = parse(uri);
      return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : undefined;
    },

    /** An image served over https, or by ourselves, for `src`. */
    imageLink(uri: string | undefined): string | undefined {
      const url = parse(uri);
      return url && (url.protocol === 'https:' || url.origin === origin) ? url.href : undefined;
    },

    hostOf: (uri: string | undefined) => parse(uri)?.host,

    /** Stands in for a missing logo. */
    initialOf: (name: string) => [...name.trim()][0]?.toUpperCase() ?? '?',
  };
}

function parse(uri: string | undefined): URL | undefined {
  const url = uri ? URL.parse(uri) : null;
  // https://bank.example@evil.example/ reads like the bank's address.
  return url && !url.username && !url.password ? url : undefined;
}
