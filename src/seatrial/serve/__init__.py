"""The server: the fleet over HTTP, with the protocol of LangGraph's server."""
