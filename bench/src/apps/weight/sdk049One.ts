import { Polar } from "polar-sdk-0-49"

const { seats } = new Polar().customerPortal

console.log(
  await seats.resendInvitation({ customerSession: "polar_cst_" }, { seatId: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b" })
)
