func f() -> [UInt8] { PackageResources.account_add_lua }
