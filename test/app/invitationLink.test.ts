import { assert, describe, it } from "vitest"
import { findInvitation, unwrapLink } from "../../packages/app/src/commands/invitationLink.ts"

describe("unwrapLink", () => {
  // The published examples of Proofpoint's own decoder, of cardi/proofpoint-url-decoder and of binref/refinery
  it.for([
    [
      "https://urldefense.proofpoint.com/v2/url?u=https-3A__media.mnn.com_assets_images_2016_06_jupiter-2Dnasa.jpg.638x0-5Fq80-5Fcrop-2Dsmart.jpg&d=DwMBaQ&c=Vxt5e0Osvvt2gflwSlsJ5DmPGcPvTRKLJyp031rXjhg&e=",
      "https://media.mnn.com/assets/images/2016/06/jupiter-nasa.jpg.638x0_q80_crop-smart.jpg"
    ],
    [
      "https://urldefense.com/v2/url?u=https-3A__www.example.com_-40-40-21-40foobar&d=&c=&r=&m=&s=&e=",
      "https://www.example.com/@@!@foobar"
    ],
    [
      "https://urldefense.proofpoint.com/v1/url?u=http://www.bouncycastle.org/&k=oIvRg1%2BdGAgOoM1BIlLLqw%3D%3D%0A",
      "http://www.bouncycastle.org/"
    ],
    ["https://urldefense.com/v3/__http://www.example.com__;!!foo!bar$", "http://www.example.com"],
    ["https://urldefense.com/v3/__https://example.com/*newsletter__;Iw!!foo!bar$", "https://example.com/#newsletter"],
    [
      "https://urldefense.com/v3/__http://example.com/?=a1!b2@c3*d4$5e*6*5E7&8*9(10*7C*5C**B7D*7B__;IyUlKiUlW10lJQ!!foo!bar$",
      "http://example.com/?=a1!b2@c3#d4$5e%6%5E7&8*9(10%7C%5C[]%7D%7B"
    ],
    [
      `https://urldefense.com/v3/__http://www.example.com/**_**Atest__;${"IyMj".repeat(22)}Iw!!foo!bar$`,
      `http://www.example.com/${"#".repeat(67)}test`
    ],
    [
      "https://urldefense.com/v3/__http://www.example.com/**Aa*.html__;w60j!!foo!bar$",
      "http://www.example.com/%C3%ADa#.html"
    ],
    [
      "https://apac01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.dropbox.com%2Fl%2FMsV4FlOqB46esYrRR4h37fZuRXl4lHkkB93%2Freport_abuse&data=02%7C01%7C&sdata=MYXFcUyJ5Sxfo31AJJu3%2FdebHsiYaE46n%2B6wF%2BwKvQw%3D&reserved=0",
      "https://www.dropbox.com/l/MsV4FlOqB46esYrRR4h37fZuRXl4lHkkB93/report_abuse"
    ]
  ] as const)("reads %s", ([link, inside]) => {
    assert.deepEqual(unwrapLink(link), [inside])
  })
})

// As Polar makes it, with the characters that the wrappings use too
const token = "_q7x-Y3kUf__sWmB1vN0pRtC5hJgL8dEaXoQiKe2y--"
const link = `https://polar.sh/acme/portal/claim?token=${token}`

const safeLink = (url: string) =>
  `https://eur02.safelinks.protection.outlook.com/?url=${encodeURIComponent(url)}&data=05%7C02%7Cann%40acme.com&sdata=q%3D&reserved=0`
const dashes = (url: string) =>
  `https://urldefense.proofpoint.com/v2/url?u=${encodeURIComponent(url).replaceAll("-", "%2D").replaceAll("_", "%5F").replaceAll("%2F", "_").replaceAll("%", "-")}&d=DwMFaQ&c=x&r=y&m=z&s=w&e=`
const stars = (url: string) => `https://urldefense.com/v3/__${url}__;!!AbC-d_E!fGh$`
const html = (text: string) => text.replaceAll("&", "&amp;")

const wrappings: Readonly<Record<string, (url: string) => string>> = {
  "the link alone": (url) => url,
  SafeLinks: safeLink,
  "Proofpoint 2": dashes,
  "Proofpoint 3": stars,
  "angle brackets": (url) => `<${url}>`,
  "a link of Slack": (url) => `<${url}|Claim your seat>`,
  "invisible characters": (url) => `\u200B${url}\u2060\u200B`,
  "double quotes": (url) => `"${url}"`,
  "single quotes": (url) => `'${url}'`,
  "curly quotes": (url) => `“${url}”`,
  Markdown: (url) => `[Accept your invitation](${url})`,
  "Markdown with the link as its text": (url) => `[${url}](${url})`,
  "an entity": (url) => html(url.replace("?", "?utm_source=mail&")),
  "the source of a mail": (url) => `<a href="${html(url.replace("?", "?utm_source=mail&"))}">Accept</a>`,
  "the end of a sentence": (url) => `Open ${url}.`,
  "a redirect": (url) => `https://www.google.com/url?sa=t&q=${encodeURIComponent(url)}`
}

describe("findInvitation", () => {
  it.for(Object.keys(wrappings))("finds the token in %s, also around every other wrapping", (outer) => {
    const wrap = wrappings[outer] ?? assert.fail()
    for (const [inner, wrapInner] of Object.entries(wrappings)) {
      assert.deepEqual(findInvitation(wrap(link)), { token, host: "polar.sh" })
      // A text around a link is no link
      const isLink = ["the link alone", "SafeLinks", "Proofpoint 2", "Proofpoint 3", "a redirect"].includes(inner)
      if (isLink) assert.deepEqual(findInvitation(wrap(wrapInner(link))), { token, host: "polar.sh" }, inner)
    }
  })

  it("finds a token alone, in quotes, and in a link without https://", () => {
    for (const given of [token, ` ${token}\t`, `<${token}>`, `"${token}"`, `\`${token}\``, `${token}.`]) {
      assert.deepEqual(findInvitation(given), { token, host: undefined }, given)
    }
    assert.deepEqual(findInvitation(link.slice("https://".length)), { token, host: "polar.sh" })
    assert.deepEqual(findInvitation(`https://polar.sh/acme/portal/claim?x=1&amp;amp;token=${token}`)?.token, token)
  })

  it.for([
    "",
    "   ",
    "<>",
    "https://polar.sh/acme/portal/claim",
    "https://polar.sh/acme/portal/claim?token=",
    "https://polar.sh/acme/portal/claim?token",
    "https://polar.sh/acme/portal?customer_session_token=abc",
    "polar.sh/acme/portal/claim",
    "https://",
    "https://[",
    "Accept your invitation",
    `token=${token}`,
    "..",
    "a/b",
    safeLink("https://polar.sh/acme/portal/claim"),
    dashes("https://polar.sh/acme/portal/claim"),
    stars("https://polar.sh/acme/portal/claim"),
    "https://urldefense.com/v3/____;Iw!!foo!bar$",
    "https://urldefense.com/v2/url?d=1"
  ])("finds none in %s", (text) => {
    assert.isUndefined(findInvitation(text))
  })

  it("gives up on a link in a link in a link without an end", () => {
    let deep = link
    for (let wraps = 0; wraps < 9; wraps++) deep = safeLink(deep)
    assert.isUndefined(findInvitation(deep))
  })
})
