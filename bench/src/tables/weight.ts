import { weigh } from "../bundle.ts"
import type { Report } from "../report.ts"

const effectApp = "weight/effectApp"
const apps = {
  oursOne: ["weight/oursOne", "ours, one resend"],
  oursAll: ["weight/oursAll", "ours, all of `Seats`"],
  sdkCore: ["weight/sdkCore", "`@polar-sh/sdk` 1.0.1, one resend by `createPolarCore`"],
  sdkSeats: ["weight/sdkSeats", "`@polar-sh/sdk` 1.0.1, all of its seats by `createPolarCore`"],
  sdkOne: ["weight/sdkOne", "`@polar-sh/sdk` 1.0.1, one resend by `createPolar`"],
  sdk049Core: ["weight/sdk049Core", "`@polar-sh/sdk` 0.49.0, one resend as a function"],
  sdk049Seats: ["weight/sdk049Seats", "`@polar-sh/sdk` 0.49.0, all of its seats as functions"],
  sdk049One: ["weight/sdk049One", "`@polar-sh/sdk` 0.49.0, one resend by `Polar`"]
} as const

const kb = (bytes: number) => (bytes / 1024).toFixed(2)

export const run = async (): Promise<Report> => {
  const base = await weigh(effectApp)
  const measured: Record<string, number> = {}
  const rows = [["an app with Effect, Schema and HttpClient", kb(base.minified), kb(base.gzipped), "", "", ""]]
  for (const [name, [entry, title]] of Object.entries(apps)) {
    const alone = await weigh(entry)
    const both = await weigh(effectApp, entry)
    measured[`weight/${name}/onTop`] = (both.gzipped - base.gzipped) / 1024
    rows.push([
      title,
      kb(alone.minified),
      kb(alone.gzipped),
      kb(both.minified - base.minified),
      kb(both.gzipped - base.gzipped),
      both.ours === 0 ? "" : kb(both.ours)
    ])
  }
  // SDK 0.49.0 validates answers, as ours does
  measured["weight/oursOne/sdk049"] =
    (measured["weight/oursOne/onTop"] ?? Number.NaN) / (measured["weight/sdk049Core/onTop"] ?? 0)
  measured["weight/oursAll/sdk049"] =
    (measured["weight/oursAll/onTop"] ?? Number.NaN) / (measured["weight/sdk049Seats/onTop"] ?? 0)
  return {
    title: "Weight",
    notes: [
      "The KB that a browser downloads, bundled by esbuild. *Alone* is an app that does one resend and nothing else. *On top* is the weight that the same adds to an app on Effect, Schema and HttpClient. " +
        "That app is `apps/weight/effectApp.ts`: a class with dates and renamed keys, tagged errors, retries, a timeout, spans, a token from the configuration."
    ],
    tables: [
      {
        columns: [
          "contender",
          "alone, minified",
          "alone, gzipped",
          "on top, minified",
          "on top, gzipped",
          "our own share, minified"
        ],
        rows
      }
    ],
    measured
  }
}
