import { run } from "./program.ts"

export default {
  fetch: async (request: Request): Promise<Response> => new Response(await run(await request.text()))
}
