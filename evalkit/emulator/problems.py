"""The API's error envelope, and the exception that becomes one.

    {"type": "error", "error": {"type": "...", "message": "...", "details": {"error_code": "..."}},
     "request_id": "req_..."}

Source: SDK 2.12 types and recorded bodies; `details` only where the SDK knows an `error_code`.
"""

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class ApiProblem(Exception):  # noqa: N818 - it is the API's answer to a client, not an error of the server
    """A request that the API refuses, with everything its answer needs."""

    def __init__(
        self, status: int, message: str, *, error_code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_code = error_code
        self.retry_after_s = retry_after_s

    def body(self, request_id: str) -> dict[str, object]:
        """The envelope as JSON values."""
        error: dict[str, object] = {"type": _TYPES.get(self.status, "api_error"), "message": self.message}
        if self.error_code is not None:
            error["details"] = {"error_code": self.error_code}
        return {"type": "error", "error": error, "request_id": request_id}


def refused(message: str, *, error_code: str | None = None) -> ApiProblem:
    """A 400: the request cannot be carried out as asked."""
    return ApiProblem(400, message, error_code=error_code)


def missing(what: str) -> ApiProblem:
    """A 404 that names what was not found."""
    return ApiProblem(404, f"{what} not found")


def conflict(message: str) -> ApiProblem:
    """A 409."""
    return ApiProblem(409, message)
