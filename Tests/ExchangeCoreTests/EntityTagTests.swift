import ExchangeCore
import Testing

struct EntityTagTests {
    @Test(arguments: [#"W/"1""#, #""1""#, "*", " * ", #"W/"9", W/"1""#, "\"a,b\"\t,\t\"1\" ", #""9","1""#])
    func `a condition holds that lists the tag, weak or strong, or anything`(_ condition: String) {
        #expect(EntityTag.isNamed(#"W/"1""#, by: condition))
        #expect(EntityTag.isNamed(#""1""#, by: condition))
        #expect(EntityTag.isNamed("W/\"other\"", by: condition) == condition.contains("*"))
    }

    @Test(arguments: [
        "", " ", "1", "W/1", "W/", "\"", "\"1", "1\"", "w/\"1\"", "W/ \"1\"", "\"1\" \"1\"", "\"1\",", ",\"1\"", "*,\"1\"", "\"1\";\"2\"",
        "\"9, W/1\"", String(repeating: "\"9\",", count: 32) + "\"1\"",
    ])
    func `a condition that cannot be read, or lists others, does not hold`(_ condition: String) {
        #expect(!EntityTag.isNamed(#"W/"1""#, by: condition))
    }
}
