import { EventEmitter, once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type { TestContext } from "vitest"

/**
 * Stands between the command and Polar, where requests can be seen to arrive. What has arrived is passed on, whether or
 * not anybody waits for the answer; where there is nobody to pass it on to, it is never answered.
 */
export const startBetween = async ({ onTestFinished }: TestContext, polar?: string) => {
  const requests: Array<string> = []
  const seen = new EventEmitter()
  const server = createServer(async (request, response) => {
    const { headers, method = "", url = "" } = request
    const sent = await text(request)
    requests.push(`${method} ${url}`)
    seen.emit("request")
    if (polar === undefined) return
    const answer = await fetch(`${polar}${url}`, {
      method,
      headers: { authorization: headers.authorization ?? "", "content-type": headers["content-type"] ?? "" },
      ...(sent === "" ? {} : { body: sent })
    })
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  /** Waits until so many requests have arrived. */
  const arrived = async (count: number) => {
    while (requests.length < count) await once(seen, "request")
  }
  /** Waits until so many more of a kind have. */
  const arrivedOf = async (kind: RegExp, count: number) => {
    const before = requests.length
    while (requests.slice(before).filter((request) => kind.test(request)).length < count) await once(seen, "request")
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, arrived, arrivedOf }
}
