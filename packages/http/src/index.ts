// `UndiciTransport` has a path alone. With it, a bundler would look for undici in every app that imports this index

export * as CustomerSessions from "./CustomerSessions.ts"
export * as FetchTransport from "./FetchTransport.ts"
export * as OrganizationSeats from "./OrganizationSeats.ts"
export * as Pace from "./Pace.ts"
export * as PolarConnection from "./PolarConnection.ts"
export * as PolarRefusal from "./PolarRefusal.ts"
export * as PortalSeats from "./PortalSeats.ts"
export * as RetryPolicy from "./RetryPolicy.ts"
export * as SeatClaims from "./SeatClaims.ts"
export * as SeatHttpApi from "./SeatHttpApi.ts"
export * as SeatJson from "./SeatJson.ts"
export * as SeatWebhooks from "./SeatWebhooks.ts"
