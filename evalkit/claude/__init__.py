"""The hosted platform, through the official SDK. The only room that imports anthropic."""
