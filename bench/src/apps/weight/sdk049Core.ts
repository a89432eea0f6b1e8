import { PolarCore } from "polar-sdk-0-49/core"
import { customerPortalSeatsResendInvitation } from "polar-sdk-0-49/funcs/customerPortalSeatsResendInvitation"

const security = { customerSession: "polar_cst_" }
const request = { seatId: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b" }

console.log(await customerPortalSeatsResendInvitation(new PolarCore(), security, request))
