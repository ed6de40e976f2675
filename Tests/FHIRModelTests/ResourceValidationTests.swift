import ExchangeCore
import FHIRModel
import JSON
import Testing

struct ResourceValidationTests {
    private func fault(_ text: String) throws -> ExchangeError? {
        do {
            _ = try FHIRResource.read(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        #"{"resourceType":"Patient"}"#,
        #"{"resourceType":"Patient","birthDate":"1970-03","_birthDate":{"extension":[{"url":"u","valueString":"x"}]}}"#,
        #"{"resourceType":"Patient","_birthDate":{"id":"x"}}"#,
        #"{"resourceType":"Patient","name":[{"given":[null,"B"],"_given":[{"id":"a"},null]}]}"#,
        #"{"resourceType":"Patient","name":[{"_given":[{"id":"a"}]}]}"#,
        #"{"resourceType":"Patient","deceasedBoolean":false,"multipleBirthInteger":2}"#,
        #"{"resourceType":"Patient","extension":[{"url":"u","extension":[{"url":"v","valueAge":{"value":1.0}}]}]}"#,
        #"{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}"#,
        #"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient"}}]}"#,
        #"{"resourceType":"Parameters","parameter":[{"name":"a","part":[{"name":"b","valueInteger":-1}]}]}"#,
        #"{"resourceType":"Binary","contentType":"text/xml","data":"YQ=="}"#,
        #"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]}"#,
    ])
    func `a good resource is read and kept as it was`(_ text: String) throws {
        let resource = try FHIRResource.read(Array(text.utf8))
        #expect(resource.bytes == Array(text.utf8))
    }

    @Test(arguments: [
        (#"{"resourceType":"Patient","nmae":[]}"#, "unknown element nmae", "Patient"),
        (#"{"resourceType":"Patient","name":[{"famly":"x"}]}"#, "famly", "Patient.name[0]"),
        (#"{"resourceType":"Patient","name":{}}"#, "array", "Patient.name"),
        (#"{"resourceType":"Patient","name":[]}"#, "empty array", "Patient.name"),
        (#"{"resourceType":"Patient","name":[{}]}"#, "empty object", "Patient.name[0]"),
        (#"{"resourceType":"Patient","name":["x"]}"#, "object", "Patient.name[0]"),
        (#"{"resourceType":"Patient","active":"true"}"#, "boolean", "Patient.active"),
        (#"{"resourceType":"Patient","active":null}"#, "boolean", "Patient.active"),
        (#"{"resourceType":"Patient","gender":"femal"}"#, "female", "Patient.gender"),
        (#"{"resourceType":"Patient","birthDate":"1970-02-30"}"#, "date", "Patient.birthDate"),
        (#"{"resourceType":"Patient","birthDate":"1970-02-03T00:00:00Z"}"#, "date", "Patient.birthDate"),
        (#"{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"1970"}"#, "choice", "deceasedDateTime"),
        (#"{"resourceType":"Patient","multipleBirthInteger":2147483648}"#, "integer", "multipleBirthInteger"),
        (#"{"resourceType":"Patient","multipleBirthInteger":1.0}"#, "integer", "multipleBirthInteger"),
        (#"{"resourceType":"Patient","id":"a b"}"#, "id", "Patient.id"),
        (#"{"resourceType":"Patient","id":""}"#, "id", "Patient.id"),
        (#"{"resourceType":"Patient","implicitRules":"urn:x"}"#, "implicitRules", "Patient.implicitRules"),
        (#"{"resourceType":"Patient","name":[{"given":[null]}]}"#, "null", "Patient.name[0].given[0]"),
        (#"{"resourceType":"Patient","name":[{"given":["a"],"_given":[{"id":"x"},{"id":"y"}]}]}"#, "items", "_given"),
        (#"{"resourceType":"Patient","_name":[{"id":"x"}]}"#, "primitive", "Patient._name"),
        (#"{"resourceType":"Patient","_birthDate":"x"}"#, "object", "Patient._birthDate"),
        (#"{"resourceType":"Patient","__birthDate":{"id":"x"}}"#, "unknown element", "Patient"),
        (#"{"resourceType":"Patient","extension":[{"valueString":"x"}]}"#, "url is missing", "Patient.extension[0]"),
        (#"{"resourceType":"Patient","extension":[{"url":"u"}]}"#, "either", "Patient.extension[0]"),
        (
            #"{"resourceType":"Patient","modifierExtension":[{"url":"urn:m","valueBoolean":true}]}"#, "urn:m",
            "Patient.modifierExtension"
        ),
        (
            #"{"resourceType":"Patient","communication":[{"preferred":true}]}"#, "language is missing",
            "communication[0]"
        ),
        (#"{"resourceType":"List","status":"current"}"#, "mode is missing", "List"),
        (#"{"resourceType":"List","status":"current","mode":"x"}"#, "working", "List.mode"),
        (#"{"resourceType":"Binary","contentType":"a","data":"YQ"}"#, "base64", "Binary.data"),
        (#"{"resourceType":"Binary","contentType":"a","data":"YR=="}"#, "base64", "Binary.data"),
        (#"{"resourceType":"Binary","contentType":"a","data":"YQ=="  ,"text":{}}"#, "text", "Binary"),
        (#"{"resourceType":"Sandwich"}"#, "unknown resource type Sandwich", "Sandwich"),
        (#"{"resourceType":"Observation"}"#, "not supported", "Observation"),
        (#"{"resourceType":"Patient.contact"}"#, "unknown resource type", ""),
        (#"{"resourceType":"HumanName"}"#, "unknown resource type", "HumanName"),
        (#"{"resourceType":5}"#, "not a string", ""), (#"{}"#, "resourceType is missing", ""),
        (#"[]"#, "object", "byte 0"), (#"{"a":}"#, "not JSON", "byte 5"),
        (
            #"{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","x":1}}]}"#,
            "unknown element x", "Bundle.entry[0].resource"
        ),
        (
            #"{"resourceType":"Patient","contained":[{"resourceType":"Organization","nam":"o"}]}"#, "nam",
            "Patient.contained[0]"
        ),
        (#"{"resourceType":"Patient","\u212A":1}"#, "unknown element", "Patient"),
    ])
    func `a fault is refused with its name and its place`(_ row: (text: String, words: String, place: String)) throws {
        let error = try #require(try fault(row.text))
        #expect(error.code == .badRequest)
        #expect(error.message.contains(row.words), "\(error)")
        #expect((error.location ?? "").hasSuffix(row.place), "\(error)")
    }

    @Test func `a message repeats little of the input`() throws {
        let name = String(repeating: "x\u{1B}", count: 4000)
        let json: JSONObject = ["resourceType": "Patient", name: 1]
        let error = #expect(throws: ExchangeError.self) { try FHIRResource(validating: json) }
        #expect(error.map { $0.message.utf8.count < 200 && !$0.message.utf8.contains(0x1B) } == true)
    }

    @Test func `an id is put behind the type`() throws {
        var resource = try FHIRResource.read(Array(#"{"resourceType":"Patient","active":true}"#.utf8))
        resource.id = "a-1"
        #expect(resource.bytes == Array(#"{"resourceType":"Patient","id":"a-1","active":true}"#.utf8))
        resource.id = "not an id"
        #expect(resource.id == "a-1")
        resource.id = nil
        #expect(resource.json["id"] == nil)
    }

    @Test(arguments: ResourceTypes.supported) func `every type has a table that can be filled`(_ type: String) {
        // Whatever is required is named one after the other until the resource is complete or a fault repeats.
        let error = #expect(throws: ExchangeError.self) {
            try FHIRResource(validating: ["resourceType": .string(type), "unknown": 1])
        }
        #expect(error?.message == "unknown element unknown")
        #expect(ResourceTypes.all.contains(type))
    }
}
