import { createPolarCore } from "@polar-sh/sdk/2026-10"
import { createSeatsService } from "@polar-sh/sdk/2026-10/services/customer_portal/seats"

const seats = createSeatsService(createPolarCore({ accessToken: "polar_cst_" }))
const subscription_id = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

console.log(await seats.resendInvitation("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))
console.log(await seats.listSeats({ subscription_id }))
const seat = await seats.assignSeat({ subscription_id, email: "ann@acme.com" })
await seats.revokeSeat(seat.id)
for await (const subscription of seats.iterListClaimedSubscriptions()) console.log(subscription)
