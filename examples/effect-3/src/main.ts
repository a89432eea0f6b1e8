// Sends three requests to the app: one is refused, one is aborted, and one mails. README.md says how to run it on the emulator.

import { connect } from "@acme/seats"
import { makeHandler } from "./app.ts"

const { POLAR_API_URL: baseUrl = "http://127.0.0.1:4321", POLAR_CUSTOMER_SESSION: token = "polar_cst_s3cret" } =
  process.env

const seats = connect({ baseUrl, token })
const handler = makeHandler(seats)

const team = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"

const invite = async (seat: string, signal: AbortSignal | null = null) => {
  const url = `http://app.test/subscriptions/${team}/seats/${seat}/invitation`
  const response = await handler(new Request(url, { method: "POST", signal }))
  return `${response.status} ${await response.text()}`.trim()
}

/** Makes the emulator wait before it answers. */
const delayAnswers = (milliseconds: number) =>
  fetch(`${baseUrl}/_emulator/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rules: [{ method: "GET", path: "/v1", times: 1, delay_ms: milliseconds }] })
  })

console.log(`Refused: ${await invite(ben)}`)

await delayAnswers(60_000)
console.log(`Aborted: ${await invite(ann, AbortSignal.timeout(500))}`)

console.log(`Sent: ${await invite(ann)}`)
await seats.close()
