import { createPolarCore } from "@polar-sh/sdk/2026-10"
import { resendInvitationSeats } from "@polar-sh/sdk/2026-10/services/customer_portal/seats"

const resend = resendInvitationSeats(createPolarCore({ accessToken: "polar_cst_" }))

console.log(await resend("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))
