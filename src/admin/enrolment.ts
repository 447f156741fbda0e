/** Second factors being set up, on the wire: while signing in and afterwards. */
import { z } from 'zod';
import type { TotpEnrolment } from '#src/factors/index.ts';
import { webauthnJson } from './authentication.ts';

export const totpEnrolment = z
  .object({
    enrollment: z.string().meta({ description: 'Goes back with the first code; good for 15 minutes' }),
    secret: z.string().meta({ description: 'Base32, for typing' }),
    uri: z.string().meta({ description: 'otpauth://, as in the QR code' }),
    qr: z.string().meta({ description: 'SVG' }),
  })
  .meta({ id: 'TotpEnrollment', description: 'Shown to its owner alone: who has the secret has all codes' });

export const totpStep = z
  .strictObject({ enrollment: z.string().optional(), code: z.string().optional() })
  .refine(({ enrollment, code }) => (enrollment === undefined) === (code === undefined), {
    path: ['code'],
    message: 'goes together with enrollment',
  })
  .meta({ id: 'TotpEnrollmentStep', description: 'Empty: begin. Then what was begun, and the first code of it' });

export const passkeyOptions = z
  .object({ options: webauthnJson.meta({ description: "For the browser's navigator.credentials.create" }) })
  .meta({ id: 'PasskeyOptions' });

export const passkeyRegistration = z
  .strictObject({
    response: webauthnJson.optional(),
    name: z.string().optional().meta({ description: 'What its owner calls it' }),
  })
  .meta({ id: 'PasskeyEnrollmentStep', description: 'Empty: begin. Then what the browser made' });

export const recoveryCodes = z
  .object({ recovery_codes: z.array(z.string()).meta({ description: 'Shown this once; they replace all before' }) })
  .meta({ id: 'RecoveryCodes' });

export function toTotpWire({ enrolment, secret, uri, qr }: TotpEnrolment): z.output<typeof totpEnrolment> {
  return { enrollment: enrolment, secret, uri, qr };
}
