import { once } from "node:events"
import { createServer } from "node:http"
import { type AddressInfo, connect, createServer as createProxy } from "node:net"
import type { Browser, Page } from "playwright-core"
import { assert, beforeAll, beforeEach, describe, it } from "vitest"
import { get, post, startEmulator } from "../app/runCli.ts"
import { chromiumPath, startChromium } from "../page/chromium.ts"
import { fill, subscription } from "./world.ts"

// A suite that is skipped has to say so
const missing = "Chromium is missing: install Debian's chromium, or set POLAR_SEATS_CHROMIUM to its path"
// eslint-disable-next-line vitest/no-conditional-tests
if (chromiumPath === undefined) {
  console.warn(missing)
  // eslint-disable-next-line vitest/no-disabled-tests, vitest/valid-title
  it.skip(missing, () => assert.isDefined(chromiumPath))
}

const html = { "content-type": "text/html" }
// Runs in a document that a fault answers with. The title is what the script got hold of
const thief = `<title>nothing</title><script>
  const read = (name) => fetch("/_emulator/" + name).then((answer) => answer.text())
  Promise.all([read("outbox"), read("settings")])
    .then(([outbox, settings]) => navigator.serviceWorker.register("/v1/sw.js").then(() => outbox + settings))
    .then((all) => { document.title = "stolen " + all }, (error) => { document.title = "ran " + error })
</script>`
const worker = `addEventListener("fetch", (event) => event.respondWith(new Response("owned", { headers: { "content-type": "text/html" } })))`
const evilRules = [
  { path: "/v1/thief", status: 200, headers: html, body: thief },
  {
    path: "/v1/sw.js",
    status: 200,
    headers: { "content-type": "text/javascript", "service-worker-allowed": "/" },
    body: worker
  }
]

describe.runIf(chromiumPath !== undefined)("a browser with a hostile page", { timeout: 60_000 }, () => {
  let browser: Browser
  let url = ""
  let evil = ""
  // A name that first ends at the attacker, and later at the emulator
  let rebound = ""
  let isRebound = false
  beforeAll(async () => {
    // Every name ends at this machine, as a name does after it is rebound
    const launching = startChromium("--host-resolver-rules=MAP *.example 127.0.0.1")
    // Closes each connection, so that the next request opens one
    const server = createServer((_, response) => {
      response.setHeader("connection", "close").setHeader("content-type", "text/html").end("<title>evil</title>")
    })
    const proxy = createProxy((socket) => {
      const to = connect(Number(new URL(isRebound ? url : evil).port), "127.0.0.1")
      for (const end of [socket, to]) end.on("error", () => {})
      socket.pipe(to).pipe(socket)
    })
    server.listen(0, "127.0.0.1")
    proxy.listen(0, "127.0.0.1")
    const [emulator] = await Promise.all([startEmulator(), once(server, "listening"), once(proxy, "listening")])
    const started = await launching
    browser = started.browser
    url = emulator.firstLine
    evil = `http://evil.example:${(server.address() as AddressInfo).port}`
    rebound = `http://rebound.example:${(proxy.address() as AddressInfo).port}`
    return async () => {
      await started.close()
      server.close()
      proxy.close()
      await emulator.stop()
    }
  }, 60_000)
  beforeEach(() => fill(url))

  const visit = async (to: string, end: (close: () => Promise<void>) => void, bypassCSP = false) => {
    const context = await browser.newContext({ bypassCSP })
    context.setDefaultTimeout(15_000)
    end(() => context.close())
    const page = await context.newPage()
    await page.goto(to)
    return page
  }
  const everything = async () =>
    JSON.stringify(await Promise.all(["outbox", "webhooks", "settings"].map((name) => get(`${url}/_emulator/${name}`))))
  const workersOf = (page: Page) =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope))

  it("changes nothing with requests that need no preflight", async ({ onTestFinished }) => {
    const before = await everything()
    for (const from of [evil, evil.replace("evil.example", "localhost")]) {
      const page = await visit(from, onTestFinished)
      const sent: Array<string> = []
      page.on("request", (request) => sent.push(`${request.method()} ${request.url()}`))
      await page.evaluate(
        async ({ calls, to }) => {
          const send = ([path, body]: readonly [string, unknown]) =>
            fetch(`${to}/_emulator/${path}`, { method: "POST", mode: "no-cors", body: JSON.stringify(body) })
          await Promise.allSettled(calls.map(send))
          navigator.sendBeacon(`${to}/_emulator/seed`, "{}")
        },
        {
          to: url,
          calls: [
            ["faults", { rules: evilRules }],
            ["settings", { webhook: { url: evil.replace("evil.example", "127.0.0.1") } }],
            ["clock", { advance_seconds: 1_000_000 }],
            ["cancel", { subscription_id: subscription }],
            ["seed", {}]
          ] as const
        }
      )
      for (const name of ["faults", "settings", "clock", "cancel", "seed"]) {
        assert.include(sent, `POST ${url}/_emulator/${name}`)
      }
      // A form needs no script. Its navigation ends after the emulator has answered
      await page.setContent(
        `<form method="post" enctype="text/plain" action="${url}/_emulator/seed"><input name='{"seats":[],"a' value='":1}'></form>`
      )
      await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms[0]?.submit())])
    }
    assert.strictEqual(await everything(), before)
    assert.strictEqual((await fetch(`${url}/v1/thief`)).status, 404)
  })

  it("reads nothing and empties nothing under a name that was rebound to this machine", async ({ onTestFinished }) => {
    const before = await everything()
    const page = await visit(rebound, onTestFinished)
    isRebound = true
    const got = await page.evaluate(
      (subscription) =>
        Promise.all(
          [
            ["GET", "/_emulator/outbox"],
            ["GET", "/_emulator/settings"],
            ["GET", "/_emulator/requests"],
            ["GET", "/page.json"],
            ["GET", "/"],
            ["DELETE", "/_emulator/outbox"],
            ["POST", "/_emulator/cancel", { subscription_id: subscription }],
            ["POST", "/_emulator/seed", {}]
          ].map(async ([method, path, body]) => {
            const answer = await fetch(String(path), {
              method: String(method),
              ...(body === undefined ? {} : { body: JSON.stringify(body) }),
              headers: { "content-type": "application/json" }
            })
            return [method, path, answer.status, /acme|Seats/.test(await answer.text())]
          })
        ),
      subscription
    )
    for (const answer of got) assert.deepEqual(answer.slice(2), [403, false], String(answer))
    assert.strictEqual(await everything(), before)
  })

  it("runs no script on the emulator's origin, even if a rule of the user answers with one", async ({
    onTestFinished
  }) => {
    await post(`${url}/_emulator/faults`, { rules: evilRules })
    const page = await visit(`${url}/v1/thief`, onTestFinished)
    // Time for the script, which takes some milliseconds if it runs
    await page.waitForTimeout(300)
    assert.strictEqual(await page.title(), "nothing")
    assert.strictEqual(await page.evaluate(() => self.origin), "null")
    await page.goto(url)
    assert.deepEqual(await workersOf(page), [])

    // A frame of the hostile page, which would tell its parent
    const outside = await visit(evil, onTestFinished)
    await outside.setContent(`<iframe src="${url}/v1/thief"></iframe>`)
    await outside.waitForTimeout(300)
    assert.strictEqual(await outside.frames()[1]?.title(), "nothing")
  })

  it("leaves no service worker behind, even with a script on the emulator's page", async ({ onTestFinished }) => {
    await post(`${url}/_emulator/faults`, { rules: evilRules })
    const register = (page: Page) =>
      page.evaluate(() =>
        navigator.serviceWorker.register("/v1/sw.js", { scope: "/" }).then(
          () => "registered",
          () => "refused"
        )
      )
    // Without the page's own policy too, the server refuses the script
    for (const bypassCSP of [false, true]) {
      const page = await visit(url, onTestFinished, bypassCSP)
      assert.strictEqual(await register(page), "refused", bypassCSP ? "without the page's policy" : "with it")
      assert.deepEqual(await workersOf(page), [])
      await page.reload()
      assert.match(await page.title(), /^Seats/)
    }
  })
})
