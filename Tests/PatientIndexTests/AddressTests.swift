import ExchangeCore
import Testing

@testable import PatientIndex

/// Addresses as registrations write them.
struct AddressTests {
    private static func street(_ lines: String...) -> String? {
        NormalizedAddress(PostalAddress(lines: lines, city: "Ashford", postalCode: "40091"))?.street
    }

    @Test func `a unit is no part of the street, however it is written`() {
        let street = Self.street("1700 Elm Rd")
        #expect(street != nil)
        for line in ["1700 ELM RD #31", "1700 Elm Road # 31", "1700 N Elm Rd Apt 31", "1700 Elm Rd Unit 31", "# 1700 Elm Rd"] {
            #expect(Self.street(line) == street, "\(line)")
        }
        #expect(Self.street("1702 Elm Rd #31") != street)
    }

    @Test func `a box is its number`() {
        #expect(Self.street("PO Box 12") == "POBOX|12")
        #expect(Self.street("P.O. Box #12") == "POBOX|12")
        #expect(Self.street("PO Box #12") != Self.street("PO Box #13"))
        #expect(Self.street("PO Box") == nil)
    }

    @Test func `a street is what it sounds like`() {
        for (one, other) in [
            ("4859 South Welnut Drive", "4859 S Walnut Dr"), ("63 Frankln Place", "63 FRANKLIN PL"),
            ("164 Daellas Avenue", "164 Dallas Ave"),
        ] { #expect(Self.street(one) == Self.street(other), "\(one)") }
        #expect(Self.street("12 Oak St") != Self.street("12 Elm St"))
        #expect(Self.street("12 13th Ave") != Self.street("12 14th Ave"))
        #expect(Self.street("12 H St") != nil)
        #expect(Self.street("12 H St") != Self.street("12 Oh St"))
    }

    @Test func `signs alone are no address`() {
        for line in ["#", "###", "# #", " "] { #expect(Self.street(line) == nil, "\(line)") }
    }
}
