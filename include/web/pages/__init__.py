"""The pages, one module a subject: a route reads what is published and fills a template."""
