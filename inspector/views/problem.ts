/** Why a question to the inspector has no answer; `status` is HTTP's. */
export class InspectProblem extends Error {
  override name = 'InspectProblem';

  constructor(
    readonly status: 400 | 404 | 409 | 410 | 422 | 503,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
