import { assert, it } from "vitest"
import { run } from "./runCli.ts"

it.concurrent("the demo shows the seats, the mail, every refusal and the dead link, then ends", async () => {
  const { code, stderr, stdout } = await run(["demo"])
  assert.strictEqual(stderr, "")
  assert.strictEqual(code, 0)
  for (const shown of [
    /^SEAT +STATUS +HOLDER +INVITATION +TIME$/m,
    /^\S{36} +pending +ann@acme\.com +live, 18 h left +until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/m,
    /^\S{36} +claimed +ben@acme\.com +- +since .+ UTC$/m,
    /^\S{36} +pending +eve@acme\.com +expired 6 h ago +until .+ UTC$/m,
    /mail that was sent: to ann@acme\.com, "You've been invited to access Acme Pro"$/m,
    /answered the resend to eve@acme\.com with 200 and sent 1 mail,$\n.*link in it has been dead since/m,
    /^Reissued to eve@acme\.com \(live, 24 h left\)\.\n.*mail that was sent: to eve@acme\.com, .*\n.*eve@acme\.com has claimed/m
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

it.concurrent("the demo prints each step as a line of JSON with --json", async () => {
  const { code, stderr, stdout } = await run(["--json", "demo"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  const steps = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    steps.map(({ error, step }) => (step === "refusal" ? error._tag : step)),
    (
      "emulator list resend mail NotFound AlreadyClaimed InvitationUnavailable InvalidRequest " +
      "Unauthorized Unauthorized Forbidden Unavailable dead-link reissue claim"
    ).split(" ")
  )
  const [dead, reissue, claim] = steps.slice(-3)
  assert.strictEqual(dead.mails, 1)
  assert.deepEqual(
    [dead, reissue, claim].map(({ seat: { email, status } }) => [email, status]),
    [
      ["eve@acme.com", "pending"],
      ["eve@acme.com", "pending"],
      ["eve@acme.com", "claimed"]
    ]
  )
  assert.isAbove(Date.parse(reissue.seat.invitation_token_expires_at), Date.parse(dead.expired_at))
})
