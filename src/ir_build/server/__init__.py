"""The ImageRecycle v1 API, self-hosted: `ir-build serve`, the extra `server`."""
