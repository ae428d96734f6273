/** What `kong config init` writes. */
export const exampleConfig = `# A declarative configuration: everything that a node is to know, in one file.
# With "database = off" and "declarative_config = kong.yml" a node starts with it;
# "kong config db_import kong.yml" puts it into a database.

# Required: the version of this format.
_format_version: "1.1"

# Entities are listed by kind. What belongs to another entity can be written inside of it,
# or refer to it by name: "service: example-service".

# services:
# - name: example-service
#   url: http://127.0.0.1:8080
#   routes:
#   - name: example-route
#     paths:
#     - /example
#   plugins:
#   - name: key-auth

# consumers:
# - username: example-user
#   keyauth_credentials:
#   - key: example-key
`
