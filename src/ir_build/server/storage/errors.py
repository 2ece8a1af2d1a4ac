"""What a storage raises."""


class StorageUnavailable(Exception):
    """The storage does not take or give an object now."""


class MissingObject(Exception):
    """The storage has no such object."""
