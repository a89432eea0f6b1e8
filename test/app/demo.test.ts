import { assert, it } from "vitest"
import { run } from "./process.ts"

it("the demo shows the seats, the mail, every refusal and the dead link, and ends by itself", async () => {
  const { code, stderr, stdout } = await run(["demo"])
  assert.strictEqual(stderr, "")
  assert.strictEqual(code, 0)
  for (const shown of [
    /^SEAT +STATUS +HOLDER +INVITATION$/m,
    /^\S{36} +pending +ann@acme\.com +live, 17 h 59 min left$/m,
    /^\S{36} +claimed +ben@acme\.com +-$/m,
    /^\S{36} +pending +eve@acme\.com +expired 6 h 0 min ago$/m,
    /mail that left: to ann@acme\.com, "You've been invited to access Acme Pro"$/m,
    /answered with 200, and 1 mail went out,$\n.*link has been dead since/m
  ]) {
    assert.match(stdout, shown)
  }
  for (const tag of [
    "NotFound",
    "AlreadyClaimed",
    "InvitationUnavailable",
    "InvalidRequest",
    "Unauthorized",
    "Forbidden",
    "Unavailable"
  ]) {
    assert.match(stdout, new RegExp(`^ *${tag}: .+ -> .+"$`, "m"))
  }
})
