import { PolarCore } from "polar-sdk-0-49/core"
import { customerPortalSeatsAssignSeat } from "polar-sdk-0-49/funcs/customerPortalSeatsAssignSeat"
import { customerPortalSeatsListClaimedSubscriptions } from "polar-sdk-0-49/funcs/customerPortalSeatsListClaimedSubscriptions"
import { customerPortalSeatsListSeats } from "polar-sdk-0-49/funcs/customerPortalSeatsListSeats"
import { customerPortalSeatsResendInvitation } from "polar-sdk-0-49/funcs/customerPortalSeatsResendInvitation"
import { customerPortalSeatsRevokeSeat } from "polar-sdk-0-49/funcs/customerPortalSeatsRevokeSeat"

const core = new PolarCore()
const security = { customerSession: "polar_cst_" }
const seatId = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

console.log(await customerPortalSeatsResendInvitation(core, security, { seatId }))
console.log(await customerPortalSeatsListSeats(core, security, { subscriptionId }))
console.log(await customerPortalSeatsAssignSeat(core, security, { subscriptionId, email: "ann@acme.com" }))
console.log(await customerPortalSeatsRevokeSeat(core, security, { seatId }))
for await (const page of await customerPortalSeatsListClaimedSubscriptions(core, security, {})) console.log(page)
