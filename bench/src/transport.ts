import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"

/** The transport of "ours on undici". */
export const layer = NodeHttpClient.layerUndici
