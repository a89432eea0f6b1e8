/**
 * Every refusal that Polar documents: the name in the `error` of its body, and the status that comes with it. The client
 * and the emulator's contract both read this table, so a name that is not in it does not compile.
 */
export const statuses = {
  BadRequest: 400,
  SeatNotPending: 400,
  SeatNotAvailable: 400,
  SeatAlreadyAssigned: 400,
  InvalidSeatAssignmentRequest: 400,
  MemberEmailMismatch: 400,
  InvalidInvitationToken: 400,
  InvalidRequestedOrganization: 400,
  Unauthorized: 401,
  invalid_token: 401,
  NotPermitted: 403,
  FeatureNotEnabled: 403,
  insufficient_scope: 403,
  RequestedOrganizationNotAccessible: 403,
  ResourceNotFound: 404,
  CustomerNotFound: 404,
  MemberNotFound: 404,
  AmbiguousExternalCustomerID: 409,
  LengthRequired: 411,
  RequestBodyTooLarge: 413,
  RequestValidationError: 422,
  PolarRequestValidationError: 422
} as const

/** Polar's name for a refusal. */
export type PolarRefusal = keyof typeof statuses

const isListed = (error: string): error is PolarRefusal => Object.hasOwn(statuses, error)

/** The refusal of this name, if Polar documents it with this status. */
export const find = (status: number, error: string): PolarRefusal | undefined =>
  isListed(error) && statuses[error] === status ? error : undefined
