"""The pages and the API: what is published, for people in a browser and for tools, each caller within its scopes."""
