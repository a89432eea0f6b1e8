import axe from "axe-core"
import { fileURLToPath } from "node:url"
import type { Browser, Page } from "playwright-core"
import { assert, beforeAll, describe, it } from "vitest"
import { organization, powerless, session, startAcme } from "../app/acme.ts"
import { get, post, startEmulator } from "../app/runCli.ts"
import { chromiumPath, startChromium } from "./chromium.ts"

const subscription = "d3a0f5c1-7b2e-4c64-9a1f-5e8b0c7d6a21"
const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const eve = "6bc1bee2-2e40-4f96-b93d-7e117393172a"
const dan = "ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51"
const demoSession = "polar_cst_demo"
const seats = "/v1/customer-portal/seats"
const crossing = { "access-control-allow-origin": "*" }

interface Rule {
  readonly [key: string]: unknown
}
const fault = async (url: string, ...rules: ReadonlyArray<Rule>) => {
  const { status } = await post(`${url}/_emulator/faults`, { rules })
  assert.strictEqual(status, 200)
}

describe("the page of the emulator", () => {
  let url = ""
  beforeAll(async () => {
    const { firstLine, stop } = await startEmulator()
    url = firstLine
    return async () => void (await stop())
  })

  it("may load nothing from elsewhere, and calls the other origin of the same server", async () => {
    const { port } = new URL(url)
    for (const [host, api] of [
      ["127.0.0.1", `http://localhost:${port}`],
      ["localhost", `http://127.0.0.1:${port}`]
    ]) {
      const response = await fetch(`http://${host}:${port}/`)
      const html = await response.text()
      assert.strictEqual(response.headers.get("content-type"), "text/html; charset=utf-8")
      const policy = response.headers.get("content-security-policy") ?? ""
      assert.include(policy, "default-src 'none'")
      assert.include(policy, `connect-src 'self' ${api};`)
      assert.notInclude(policy, "unsafe")
      assert.include(html, `data-api="${api}"`)
      assert.notMatch(html, /polar_[a-z]{3}_/)
    }
  })

  it("is dated by the emulator's clock", async () => {
    await post(`${url}/_emulator/clock`, { advance_seconds: 86_400 })
    for (const path of ["/", "/page.json", "/_emulator/health"]) {
      const date = (await fetch(url + path)).headers.get("date") ?? ""
      assert.approximately(Date.parse(date), Date.now() + 86_400_000, 5000, path)
    }
    await post(`${url}/_emulator/clock`, { advance_seconds: -86_400 })
  })

  it("is not among the recorded requests, and requests for Polar still are", async () => {
    for (const path of ["/", "/?a=b", "/page.js", "/page.css", "/page.json"]) {
      assert.strictEqual((await fetch(url + path)).status, 200, path)
    }
    assert.deepEqual(await get(`${url}/_emulator/requests`), [])
    assert.deepEqual(await (await fetch(`${url}/nothing`)).json(), { detail: "Not Found" })
    assert.strictEqual((await post(`${url}/`, {})).status, 404)
    const requests = (await get(`${url}/_emulator/requests`)) as ReadonlyArray<{ path: string; method: string }>
    assert.deepEqual(
      requests.map(({ method, path }) => `${method} ${path}`),
      ["GET /nothing", "POST /"]
    )
  })
})

// A suite that is skipped has to say so
const missing = "Chromium is missing: install Debian's chromium, or set POLAR_SEATS_CHROMIUM to its path"
// eslint-disable-next-line vitest/no-conditional-tests
if (chromiumPath === undefined) {
  // Not every run shows the name of a skipped test
  console.warn(missing)
  // eslint-disable-next-line vitest/no-disabled-tests, vitest/valid-title
  it.skip(missing, () => assert.isDefined(chromiumPath))
}

describe.runIf(chromiumPath !== undefined)("the page in a browser", { timeout: 60_000 }, () => {
  let browser: Browser
  let emulator: Awaited<ReturnType<typeof startEmulator>>
  let url = ""
  beforeAll(async () => {
    const started = await startChromium()
    browser = started.browser
    emulator = await startEmulator()
    url = emulator.firstLine
    return async () => {
      await started.close()
      await emulator.stop()
    }
  }, 60_000)

  /** Opens a page that ends with the test. It then asserts that no token is in the page, its console or its storage. */
  const visit = async (to: string, onTestFinished: (end: () => Promise<void>) => void) => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, colorScheme: "light" })
    await context.grantPermissions(["clipboard-read", "clipboard-write"])
    context.setDefaultTimeout(15_000)
    const page = await context.newPage()
    const said: Array<string> = []
    const failed: Array<string> = []
    page.on("console", (message) => said.push(message.text()))
    page.on("pageerror", ({ message }) => failed.push(message))
    onTestFinished(async () => {
      const mails = (await get(`${to}/_emulator/outbox`).catch(() => [])) as ReadonlyArray<{ readonly token: string }>
      const everything = [
        await page.content(),
        await page.title(),
        page.url(),
        ...said,
        await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
      ].join("\n")
      for (const secret of [demoSession, session, organization, ...mails.map(({ token }) => token)]) {
        assert.notInclude(everything, secret)
      }
      assert.deepEqual(failed, [])
      assert.notMatch(said.join("\n"), /Content Security Policy|Trusted Type/)
      await context.close()
    })
    await page.goto(to)
    return page
  }

  const row = (page: Page, holder: string) =>
    page.locator("li.seat", { has: page.getByRole("heading", { name: holder }) })
  const mail = (page: Page, to: string) => page.locator("li.mail", { has: page.getByRole("heading", { name: to }) })
  const says = (page: Page, text: string | RegExp) =>
    page.getByRole("status").filter({ hasText: text }).waitFor({ state: "attached" })
  const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click()

  const shoot = async (page: Page, name: string) => {
    if (process.env["POLAR_SEATS_SCREENSHOTS"] === undefined) return
    await page.screenshot({
      path: fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url)),
      fullPage: true,
      animations: "disabled"
    })
  }

  const isAccessible = async (page: Page) => {
    // An evaluated script, because the page's policy refuses scripts from elsewhere
    const found = await page.evaluate(`${axe.source};axe.run().then(({ violations }) => violations)`)
    const violations = found as ReadonlyArray<{ id: string; nodes: ReadonlyArray<{ html: string }> }>
    assert.deepEqual(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      []
    )
  }

  /** Starts the demo with its button in an empty emulator. */
  const demo = async (onTestFinished: (end: () => Promise<void>) => void) => {
    await post(`${url}/_emulator/seed`, {})
    const page = await visit(url, onTestFinished)
    await press(page, "Load the demo team")
    await row(page, "ann@acme.com").waitFor()
    return page
  }

  it("loads a demo team into an empty emulator, and runs assign, resend, copy and claim", async ({
    onTestFinished
  }) => {
    await post(`${url}/_emulator/seed`, {})
    const page = await visit(url, onTestFinished)
    await page.getByText("This emulator is empty.").waitFor()
    await isAccessible(page)
    await press(page, "Load the demo team")

    // The page marks the dead link before a resend
    await row(page, "eve@acme.com")
      .getByText(/^Link expired 6 h 0 min ago: a resend would mail a dead link/)
      .waitFor()
    await row(page, "ann@acme.com").getByText("Link works for 17 h 59 min").waitFor()
    await page.getByText("3 of 8 free").waitFor()
    assert.isTrue(await page.getByText("The emulator has sent no mail yet.").isVisible())
    await isAccessible(page)

    await page.getByLabel("Assign a seat to").fill("zoe@acme.com")
    await press(page, "Assign")
    await says(page, "The seat is assigned, and an invitation was mailed to zoe@acme.com.")
    await row(page, "zoe@acme.com").getByText("pending").waitFor()
    await page.getByText("2 of 8 free").waitFor()

    await press(page, "Resend zoe@acme.com")
    await row(page, "zoe@acme.com")
      .getByText(/^The invitation was mailed to zoe@acme.com. Its link works for/)
      .waitFor()
    await mail(page, "zoe@acme.com").nth(1).waitFor()
    assert.strictEqual(((await get(`${url}/_emulator/outbox`)) as ReadonlyArray<unknown>).length, 2)

    await mail(page, "zoe@acme.com").first().getByRole("button", { name: /^Copy/ }).click()
    await says(page, "The claim link is on the clipboard.")
    assert.match(
      await page.evaluate(() => navigator.clipboard.readText()),
      /^https:\/\/polar\.sh\/acme\/portal\/claim\?token=./
    )

    await mail(page, "zoe@acme.com")
      .first()
      .getByRole("button", { name: /^Claim/ })
      .click()
    await says(page, "zoe@acme.com has claimed the seat.")
    await row(page, "zoe@acme.com").getByText("claimed").waitFor()
    assert.isFalse(
      await row(page, "zoe@acme.com")
        .getByRole("button", { name: /^Resend/ })
        .isVisible()
    )
    await mail(page, "zoe@acme.com").nth(1).getByText("The seat is claimed").waitFor()
    await isAccessible(page)

    await shoot(page, "page")

    // Every call was of another origin, so the browser sent a preflight
    const requests = (await get(`${url}/_emulator/requests`)) as ReadonlyArray<{ method: string; path: string }>
    for (const path of [seats, "/v1/customer-seats/claim"]) {
      assert.isTrue(
        requests.some((request) => request.method === "OPTIONS" && request.path === path),
        path
      )
    }

    // A reload shows the demo again
    await page.reload()
    await row(page, "zoe@acme.com").getByText("claimed").waitFor()
  })

  it("mails no dead link, and reissues the seat", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    await press(page, "Resend eve@acme.com")
    await row(page, "eve@acme.com")
      .getByText(/^Nothing was mailed: the link expired 6 h 0 min ago/)
      .waitFor()
    assert.deepEqual(await get(`${url}/_emulator/outbox`), [])
    await press(page, "Reissue eve@acme.com")
    await row(page, "eve@acme.com")
      .getByText(/^A new invitation was mailed to eve@acme.com. Its link works for 2[34] h/)
      .waitFor()
    await row(page, "eve@acme.com")
      .getByText(/^Link works for 2[34] h/)
      .waitFor()
    await mail(page, "eve@acme.com")
      .getByText(/^Link works for/)
      .waitFor()
  })

  const refused = (status: number, error: string, detail: unknown = "Seat is not in pending status"): Rule => ({
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ error, detail })
  })
  it("shows each error beside its seat, and counts down after a 429", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    const failing = async (name: string, rule: Rule, tag: string, words: RegExp) => {
      await fault(url, { method: "POST", path: `${seats}/${ann}/resend`, times: 1, ...rule })
      await press(page, `${name} ann@acme.com`)
      const told = row(page, "ann@acme.com").locator(".note", { hasText: tag })
      await told.filter({ hasText: words }).waitFor()
      assert.strictEqual(await told.getAttribute("data-tone"), "failed")
      await says(page, words)
    }
    for (const [rule, tag, words] of [
      [refused(404, "ResourceNotFound"), "NotFound", /There is no seat .* check the id/],
      [refused(400, "SeatNotPending"), "AlreadyClaimed", /it was claimed or revoked/],
      [refused(400, "InvalidInvitationToken"), "InvitationUnavailable", /no invitation to resend/],
      [refused(401, "Unauthorized"), "Unauthorized", /No token of the right kind/],
      [refused(403, "NotPermitted"), "Forbidden", /Ask an owner/],
      [
        refused(422, "RequestValidationError", [
          { type: "uuid_version", loc: ["path", "seat_id"], msg: "UUID version 4 expected" }
        ]),
        "InvalidRequest",
        /The request is refused/
      ]
    ] as const) {
      await failing("Resend", rule, tag, words)
    }
    const waitOneMinute = async () => {
      await post(`${url}/_emulator/clock`, { advance_seconds: 61 })
      await row(page, "ann@acme.com").getByText("You can retry now.").waitFor()
    }
    for (const [rule, words] of [
      // In life a failure carries no CORS headers, so the browser hides it
      [{ status: 500, body: "Internal Server Error" }, /The page could not read the answer.* may have gone out/],
      [{ status: 503, headers: crossing }, /Polar \(localhost:\d+\) failed with status 503.* may have gone out/],
      // Chromium retries a request, also a POST, if a kept connection is cut, until it has to open a new connection
      [{ drop: "before", times: 20 }, /carried out is unknown.* may have gone out/]
    ] as const) {
      await failing("Resend", rule, "Unavailable", words)
      // Nobody gets a second mail because the first one is in doubt
      await failing("Resend", { times: 0, delay_ms: 0 }, "MailedRecently", /Nothing was mailed: .* may have been/)
      await waitOneMinute()
    }
    assert.deepEqual(await get(`${url}/_emulator/outbox`), [])

    await failing("Resend", { status: 429, headers: { "retry-after": "60" } }, "RateLimited", /so nothing was done/)
    const wait = row(page, "ann@acme.com").locator(".wait")
    const first = Number(/Retry in (\d+) s\./.exec((await wait.textContent()) ?? "")?.[1])
    assert.isAtLeast(first, 55)
    // A busy machine may skip seconds
    const fewer = Array.from({ length: first - 2 }, (_, seconds) => seconds + 1).join("|")
    await row(page, "ann@acme.com")
      .getByText(new RegExp(`Retry in (${fewer}) s\\.`))
      .waitFor()
    assert.isFalse(await row(page, "ann@acme.com").getByText("was mailed").isVisible())
    await press(page, "Resend eve@acme.com")
    await press(page, "Resend dan@acme.com")
    await row(page, "dan@acme.com").locator(".note", { hasText: "InvitationUnavailable" }).waitFor()
    await shoot(page, "page-errors")
    await isAccessible(page)
    await page.emulateMedia({ colorScheme: "dark" })
    await shoot(page, "page-dark")
    await isAccessible(page)
    await page.setViewportSize({ width: 380, height: 800 })
    await shoot(page, "page-narrow")
    await isAccessible(page)
    assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth), 380)

    await waitOneMinute()
    await press(page, "Resend ann@acme.com")
    await row(page, "ann@acme.com")
      .getByText(/^The invitation was mailed/)
      .waitFor()
    await failing(
      "Resend",
      { times: 0, delay_ms: 0 },
      "MailedRecently",
      /Nothing was mailed: this person was mailed a short while/
    )
    assert.lengthOf((await get(`${url}/_emulator/outbox`)) as ReadonlyArray<unknown>, 1)
  })

  it("shows what a rate limit refuses, and reads the list again after the limit", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    await post(`${url}/_emulator/settings`, { rate_limits: "sandbox" })
    const listUrl = `${url}${seats}?subscription_id=${subscription}`
    const headers = { authorization: `Bearer ${demoSession}` }
    for (let count = 0; count < 101; count++) await fetch(listUrl, { headers })
    await press(page, "Resend ann@acme.com")
    await row(page, "ann@acme.com")
      .getByText(/so nothing was done/)
      .waitFor()
    assert.deepEqual(await get(`${url}/_emulator/outbox`), [])
    // Polar limits the list too, and the page keeps the old list
    await page.locator("section > .note", { hasText: /Retry in \d+ s\./ }).waitFor()
    await post(`${url}/_emulator/clock`, { advance_seconds: 61 })
    await page.locator("section > .note", { hasText: "RateLimited" }).waitFor({ state: "hidden" })
  })

  it("asks before it revokes a seat, and works by keyboard", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "")
    assert.strictEqual(await focused(), "Seats of Acme Pro")
    const seen: Array<string> = []
    while (seen.at(-1) !== "Revoke ann@acme.com" && seen.length < 20) {
      await page.keyboard.press("Tab")
      seen.push(await focused())
      assert.notStrictEqual(
        await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle),
        "none"
      )
    }
    assert.deepEqual(seen, ["Show other seats", "Resend ann@acme.com", "Reissue ann@acme.com", "Revoke ann@acme.com"])
    await page.keyboard.press("Enter")
    await page.getByText("Revoke the seat of ann@acme.com?").waitFor()
    assert.strictEqual(await focused(), "Keep it")
    await isAccessible(page)
    await page.keyboard.press("Escape")
    assert.strictEqual(await focused(), "Revoke ann@acme.com")
    assert.isFalse(await page.getByText("Revoke the seat of ann@acme.com?").isVisible())

    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    assert.strictEqual(await focused(), "Yes, revoke")
    await page.keyboard.press("Enter")
    await says(page, "The seat of ann@acme.com is revoked.")
    await row(page, "Revoked seat").waitFor()
    // The button is hidden, so the focus is on the answer
    assert.include(await focused(), "The seat of ann@acme.com is revoked.")
    await page.getByText("4 of 8 free").waitFor()
  })

  it("disables only the buttons of one seat, and only while its call runs", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    await fault(url, { method: "POST", path: `${seats}/${ann}/resend`, times: 1, delay_ms: 1500 })
    await press(page, "Resend ann@acme.com")
    const busy = page.getByRole("button", { name: "Resending… ann@acme.com" })
    await busy.waitFor()
    assert.strictEqual(await busy.getAttribute("aria-disabled"), "true")
    await busy.click({ force: true })
    assert.strictEqual(
      await page.getByRole("button", { name: "Revoke ann@acme.com" }).getAttribute("aria-disabled"),
      "true"
    )
    assert.strictEqual(
      await page.getByRole("button", { name: "Revoke ben@acme.com" }).getAttribute("aria-disabled"),
      "false"
    )
    await says(page, "Resending…")
    await isAccessible(page)
    await says(page, /^The invitation was mailed/)
    assert.strictEqual(
      await page.getByRole("button", { name: "Resend ann@acme.com" }).getAttribute("aria-disabled"),
      "false"
    )
    assert.strictEqual(((await get(`${url}/_emulator/outbox`)) as ReadonlyArray<unknown>).length, 1)
  })

  it("finishes a reissue that stopped half way", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    await fault(url, { method: "POST", path: seats, times: 1, ...refused(500, "InternalServerError") })
    await press(page, "Reissue dan@acme.com")
    const told = page.locator("li.seat", { hasText: "ReissueIncomplete" })
    await told.getByText(/The page could not read the answer.*finish the reissue/).waitFor()
    assert.deepEqual(await get(`${url}/_emulator/outbox`), [])
    await told.getByRole("button", { name: /^Finish the reissue/ }).click()
    await row(page, "dan@acme.com")
      .getByText(/^A new invitation was mailed to dan@acme.com/)
      .waitFor()
    await mail(page, "dan@acme.com").waitFor()
  })

  it("shows why an assignment fails, and why a link is dead", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    const assign = async (email: string, words: RegExp) => {
      await page.getByLabel("Assign a seat to").fill(email)
      await page.keyboard.press("Enter")
      await page.locator("form.assign .note", { hasText: words }).waitFor()
    }
    await assign("ann@acme.com", /AlreadyAssigned ann@acme.com has a seat already/)
    for (const name of ["one", "two", "six"]) await assign(`${name}@acme.com`, new RegExp(`mailed to ${name}@acme.com`))
    await assign("more@acme.com", /NoSeatAvailable Polar has no seat to assign/)

    const resent = await fetch(`${url}${seats}/${eve}/resend`, {
      method: "POST",
      headers: { authorization: `Bearer ${demoSession}` }
    })
    assert.strictEqual(resent.status, 200)
    await mail(page, "eve@acme.com").getByText("Dead link: expired 6 h 0 min ago").waitFor()
    await mail(page, "eve@acme.com")
      .getByRole("button", { name: /^Claim/ })
      .click()
    await mail(page, "eve@acme.com")
      .getByText(/InvalidInvitation The invitation is unknown, expired, used or revoked/)
      .waitFor()
  })

  it("judges a link by the emulator's clock at the moment of the call, and a claim agrees", async ({
    onTestFinished
  }) => {
    const page = await demo(onTestFinished)
    await row(page, "ann@acme.com")
      .getByText(/^Link works for 1[78] h/)
      .waitFor()
    // A page that is hidden does not poll, so it has not seen yet that the clock was moved
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true })
      document.dispatchEvent(new Event("visibilitychange"))
    })
    await page.waitForTimeout(1100)
    const claim = async () => {
      const [last] = ((await get(`${url}/_emulator/outbox`)) as ReadonlyArray<{ readonly token: string }>).slice(-1)
      const response = await fetch(`${url}/v1/customer-seats/claim`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ invitation_token: last?.token })
      })
      return response.status
    }
    await post(`${url}/_emulator/clock`, { advance_seconds: 3600 * 24 })
    await press(page, "Resend ann@acme.com")
    await row(page, "ann@acme.com")
      .getByText(/^Nothing was mailed: the link expired 6 h \d min ago/)
      .waitFor()
    assert.deepEqual(await get(`${url}/_emulator/outbox`), [])
    await post(`${url}/_emulator/clock`, { advance_seconds: -3600 * 25 })
    await press(page, "Resend ann@acme.com")
    await row(page, "ann@acme.com")
      .getByText(/^The invitation was mailed to ann@acme.com. Its link works for 1[89] h/)
      .waitFor()
    assert.strictEqual(await claim(), 200)
  })

  it("shows changes by others and by time, but does not poll while it is hidden", async ({ onTestFinished }) => {
    const page = await demo(onTestFinished)
    const revoked = await fetch(`${url}${seats}/${dan}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${demoSession}` }
    })
    assert.strictEqual(revoked.status, 200)
    await row(page, "dan@acme.com").waitFor({ state: "detached" })
    await post(`${url}/_emulator/clock`, { advance_seconds: 3600 * 20 })
    await row(page, "ann@acme.com")
      .getByText(/^Link expired 2 h 0 min ago/)
      .waitFor()

    const look = (isHidden: boolean) =>
      page.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
        document.dispatchEvent(new Event("visibilitychange"))
      }, isHidden)
    await look(true)
    // A poll that was sent before is still answered
    await page.waitForTimeout(1100)
    let polls = 0
    page.on("request", (request) => {
      if (request.url().endsWith("/page.json")) polls++
    })
    await page.waitForTimeout(1600)
    assert.strictEqual(polls, 0)
    await look(false)
    await page.waitForRequest(/page\.json$/)
  })

  it("lists every seeded subscription and order, for an organization or customer token", async ({ onTestFinished }) => {
    const acme = await startAcme(3, [
      { status: "pending", email: "ann@acme.com", invitation_token: "s3cret_ann", invitation_token_expires_at: null }
    ])
    onTestFinished(async () => void (await acme.stop()))
    const page = await visit(acme.url, onTestFinished)
    await page.getByRole("combobox", { name: "Subscription or order" }).waitFor()
    await isAccessible(page)
    const open = async (token: string) => {
      await page.getByLabel("Session or organization token").fill(token)
      await page.keyboard.press("Enter")
    }
    for (const [token, words] of [
      ["polar_cst_unknown", /Unauthorized The token is expired, revoked or mistyped/],
      ["not a token", /InvalidOption The option token contains a space/],
      [powerless, /Forbidden The token lacks the scope/]
    ] as const) {
      await open(token)
      await page.locator("section > .note", { hasText: words }).waitFor()
      await press(page, "Show other seats")
    }
    for (const token of [session, organization]) {
      await open(token)
      await row(page, "ann@acme.com").getByText("Link that does not expire").waitFor()
      await press(page, "Show other seats")
    }
    // The demo would replace the seeded world, so the page asks first
    await press(page, "Load the demo team")
    await page.getByText("This replaces everything in the emulator.").waitFor()
    await press(page, "Keep it")
    assert.strictEqual((await acme.listed()).seats.length, 1)
  })

  it("shows that the emulator is gone, and that it is back", async ({ onTestFinished }) => {
    const lone = await startEmulator()
    const page = await visit(lone.firstLine, onTestFinished)
    await page.getByText("This emulator is empty.").waitFor()
    await lone.stop()
    await says(page, /The emulator does not answer/)
    const { port } = new URL(lone.firstLine)
    const again = await startEmulator("--port", port)
    onTestFinished(async () => void (await again.stop()))
    await says(page, "The emulator answers again.")
    assert.isFalse(await page.locator("main > .note").isVisible())
  })
})
