import type { CommandNotes } from "../output/helpText.ts"

type Rows = CommandNotes["environment"]

const server: Rows = [
  ["POLAR_ENVIRONMENT", "production (the default) or sandbox"],
  ["POLAR_API_URL", "The URL of another server, such as an emulator. It wins over POLAR_ENVIRONMENT"],
  ["HTTPS_PROXY, HTTP_PROXY", "The proxy to use. NO_PROXY lists the hosts without one"]
]

const session: Rows[number] = [
  "POLAR_CUSTOMER_SESSION",
  "The token of a customer session or member session. It wins if both tokens are set"
]
const organization: Rows[number] = ["POLAR_ACCESS_TOKEN", "An organization token"]

/** The variables of the commands that act on seats. */
export const seatEnvironment: Rows = [session, organization, ...server]

/** The variables of a command that shows a table. */
export const tableEnvironment: Rows = [
  ...seatEnvironment,
  ["TZ", "The time zone of the times, such as Europe/Berlin"],
  ["NO_COLOR", "If it is not empty, nothing is coloured"]
]

export const sessionEnvironment: Rows = [organization, ...server]
export const claimEnvironment: Rows = [
  ["POLAR_INVITATION_TOKEN", "The link of the invitation, or its token. Without it, the first line of stdin is read"],
  ...server
]
export const listenEnvironment: Rows = [["POLAR_WEBHOOK_SECRET", "The secret of the webhook endpoint, whole"]]
export const emulatorEnvironment: Rows = [
  ["HTTPS_PROXY, HTTP_PROXY", "The proxy for the webhooks. NO_PROXY lists the hosts without one"]
]

const wrongUse: Rows[number] = ["2", "The command was used wrongly. Nothing was sent"]

const codes: Rows = [["0", "Done"], ["1", "Failed, or in doubt"], wrongUse, ["3", "Polar refused"]]
const interrupted: Rows[number] = ["130", "Interrupted"]

/** The exit codes of a command that calls Polar. */
export const exitCodes: Rows = [...codes, interrupted]

/** The exit codes of a command that may mail a dead link. */
export const resendExitCodes: Rows = [...codes, ["5", "Mailed, but the link in the mail is dead"], interrupted]

/** The exit codes of a command that runs until it is interrupted. */
export const serverExitCodes: Rows = [
  ["0", "Interrupted, which is its usual end"],
  ["1", "It cannot listen, or cannot write"],
  wrongUse
]
