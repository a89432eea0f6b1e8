import * as World from "@polar-seats/emulator/World"

/** A team of three people. One invitation is live, one has expired, and one seat is claimed. */
export const team = World.team({
  seats: 5,
  pending: ["ann@acme.com"],
  expired: ["eve@acme.com"],
  claimed: ["ben@acme.com"]
})
