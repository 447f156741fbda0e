import { errors } from 'oidc-provider';

/** RFC 6749 §4.1.2.1's word for "try again"; 503 with Retry-After where there is nobody to redirect to. */
export class TemporarilyUnavailable extends errors.OIDCProviderError {
  constructor(cause?: Error) {
    super(503, 'temporarily_unavailable', cause ? { cause } : undefined);
    Object.assign(this, { expose: true, error_description: 'the server cannot do this right now, please try again' });
  }
}
