import { generateURI, ScureBase32Plugin } from 'otplib';
import { encodeQR } from 'qr';

const base32 = new ScureBase32Plugin();
/** What phones read is drawn dark on light; the page around it may be dark. ISO/IEC 18004 §5.3.8 asks for 4 modules of border. */
const QR = { ecc: 'medium', border: 4 } as const;
/** Otherwise a fraction of a pixel shows as a hairline between two dark modules. */
const CRISP = '<svg shape-rendering="crispEdges" ';
const LIGHT = '><path fill="#fff" d="M0 0h999v999H0z"/>';

export interface Presented {
  /** Base32, for typing. */
  readonly secret: string;
  /** otpauth:// */
  readonly uri: string;
  /** SVG markup without style or script, as large as the page makes it. */
  readonly qr: string;
}

/** What an authenticator app reads. SHA-1, six digits and 30 seconds are what all of them understand. */
export function present(secret: Buffer, username: string, issuer: string): Presented {
  const text = base32.encode(secret).replaceAll('=', '');
  // A colon parts issuer from name (Key URI format): so the host without its port.
  const uri = generateURI({ issuer: new URL(issuer).hostname, label: username, secret: text });
  const qr = encodeQR(uri, 'svg', QR).replace('<svg ', CRISP).replace('>', LIGHT);
  return { secret: text, uri, qr };
}
