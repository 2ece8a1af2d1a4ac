"""What the codecs of several formats share."""
